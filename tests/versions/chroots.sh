# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced by tests/run.sh: chroots of other Debians, where the same source is built and tested.  They are kept in
# MAILTRACE_CACHE (default: /var/cache/mailtrace-tests), outside the repository, and made anew when what they hold changes.
# Knows chroots; must not know what is tested in them.

cache=${MAILTRACE_CACHE:-/var/cache/mailtrace-tests}

# what these chroots need of the machine: said at once, not in the middle of something else
chroots_usable() {
  [ "$(id -u)" = 0 ] || { echo "chroots: not root" >&2; return 1; }
  mkdir -p "$cache" || { echo "chroots: cannot make $cache; MAILTRACE_CACHE names another folder" >&2; return 1; }
  unshare --mount --pid --net --fork --kill-child true \
    || { echo "chroots: this machine does not allow mount, pid and network namespaces" >&2; return 1; }
  unshare --mount --propagation private sh -c "mount -t tmpfs none '$cache' && mknod '$cache/null' c 1 3 && echo > '$cache/null'" \
    || { echo "chroots: this machine does not allow mounts, or device files, below $cache" >&2; return 1; }
}

# the mirror that this machine's own packages come from; none: debootstrap's own default
_mirror() {
  local own
  own=$(. /etc/os-release && echo "$VERSION_CODENAME")
  echo "${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' "Created-By: Packages" "Codename: $own" \
    "Component: main" | head -n 1)}"
}

# chroot_make SUITE: a fresh one, $cache/SUITE
chroot_make() {
  local suite=$1 root=$cache/$1
  (
    flock 9
    [ ! -e "$root/made" ] || exit 0
    rm -rf "$root" "$root.new"
    # word splitting: no mirror is no argument
    debootstrap --variant=minbase --include=ca-certificates "$suite" "$root.new" $(_mirror) \
      || { echo "chroots: debootstrap of $suite failed" >&2; exit 1; }
    touch "$root.new/made"
    mv "$root.new" "$root"
  ) 9> "$cache/$suite.lock"
}

# chroot_copy SUITE NAME: another one like it, $cache/NAME
chroot_copy() {
  rm -rf "${cache:?}/$2"
  cp -a --reflink=auto "$cache/$1" "$cache/$2"
}

# chroot_install NAME PACKAGE...: those that this Debian has; the others are named
chroot_install() {
  local root=$cache/$1
  shift
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  chroot_run_online "$root" sh -c '
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq || exit 1
    for package; do
      case $package in */*) [ -e "$package" ] || { echo "there is no $package" >&2; exit 1; } ;; esac
      if [ -e "$package" ] || apt-cache policy "$package" | grep -q "Candidate: [^(]"; then have="$have $package"
      else echo "this Debian has no $package"; fi
    done
    exec apt-get install -y -qq --no-install-recommends $have' install "$@" \
    || { echo "chroots: packages of $root could not be installed" >&2; return 1; }
}

# chroot_prepare SUITE NAME PACKAGE...: $cache/NAME, a SUITE with these packages; made once for each list
chroot_prepare() {
  local suite=$1 name=$2 root=$cache/$2
  shift 2
  chroot_make "$suite" || return 1
  (
    flock 9
    [ "$(cat "$root/prepared" 2>/dev/null)" != "$suite $*" ] || exit 0
    chroot_copy "$suite" "$name" && chroot_install "$name" "$@" && echo "$suite $*" > "$root/prepared"
  ) 9> "$cache/$name.lock"
}

# chroot_run ROOT COMMAND...: in the chroot, in the repository's directory, without a network but the loopback.  Mounts,
# processes and network end with the command, however it ends: they are those of namespaces of its own.
chroot_run() { _chroot_run --net "$@"; }
chroot_run_online() { _chroot_run --fork "$@"; }

_chroot_run() {
  local network=$1 root=$2
  shift 2
  unshare --mount --propagation private --pid --fork --kill-child "$network" -- \
    "$top/tests/versions/enter.sh" "$root" "$top" "$@"
}
