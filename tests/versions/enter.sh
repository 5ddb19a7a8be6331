#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# usage: enter.sh ROOT DIRECTORY COMMAND...      inside namespaces of its own: mounts what a command needs, runs it there
#   CHROOT_SHOWS   a directory that the command may read, too, at the same place
set -eu

root=$1 directory=$2
shift 2
die() { echo "enter.sh: $*" >&2; exit 125; }

mount -t proc proc "$root/proc" || die "cannot mount /proc in $root"
mount -t tmpfs -o mode=1777 tmp "$root/tmp" || die "cannot mount /tmp in $root"
mkdir -p "$root/dev/shm" "$root/dev/pts"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts" || die "cannot mount /dev/pts in $root"
mount --bind "$root/dev/pts/ptmx" "$root/dev/ptmx" || die "cannot mount /dev/ptmx in $root"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm" || die "cannot mount /dev/shm in $root"
mkdir -p "$root$directory"
mount --bind "$directory" "$root$directory" || die "cannot mount $directory in $root"
if [ -n "${CHROOT_SHOWS:-}" ]; then
  mkdir -p "$root$CHROOT_SHOWS"
  mount --bind "$CHROOT_SHOWS" "$root$CHROOT_SHOWS" && mount -o remount,bind,ro "$root$CHROOT_SHOWS" || die "cannot show $CHROOT_SHOWS in $root"
fi
ip link set lo up || die "no loopback device"
exec chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb \
  sh -c 'cd "$1" && shift && exec "$@"' enter "$directory" "$@"
