#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Installs what the tests need, builds, and runs all of them.
# usage: tests/run.sh [--quick] [--versions] [--engines] [--installed] [NAME...]
#   --quick      no sanitizers, no fuzzing, no lab
#   --engines    also destinations with a real OpenSearch and Kafka, downloaded into the user's cache directory
#   --versions   also on Debian 13's syslog-ng, and the packages of both Debians, in chroots that this makes
#   --installed  installs no packages
#   NAME         only parts whose name contains one of these words
# The last line is "N passed, N failed"; the exit code is 1 when something failed.
set -uo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
work=${MAILTRACE_TEST_DIR:-$top/build-tests}
fuzz_seconds=${FUZZ_SECONDS:-60}
lab_sessions=${LAB_SESSIONS:-500}
passed=0 failed=0 quick=no versions=no engines=no installed=no names=()
failures=()

for argument; do
  case $argument in
    --quick) quick=yes ;;
    --versions) versions=yes ;;
    --engines) engines=yes ;;
    --installed) installed=yes ;;
    -h|--help) sed -n '3,11s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) echo "tests/run.sh: unknown option $argument; see --help" >&2; exit 2 ;;
    *) names+=("$argument") ;;
  esac
done

wanted() {
  [ ${#names[@]} -gt 0 ] || return 0
  local name
  for name in "${names[@]}"; do case $1 in *"$name"*) return 0 ;; esac; done
  return 1
}

# check NAME COMMAND...: one test; its output goes to a file and is shown when it fails
check() {
  local name=$1 log started=$SECONDS
  shift
  wanted "$name" || return 0
  log=$work/log/${name//[^A-Za-z0-9._-]/_}.log
  if "$@" > "$log" 2>&1 < /dev/null; then
    passed=$((passed + 1))
    printf 'ok    %-48s %3d s\n' "$name" $((SECONDS - started))
  else
    failed=$((failed + 1))
    failures+=("$name")
    printf 'FAIL  %-48s %3d s\n' "$name" $((SECONDS - started))
    tail -n 40 "$log" | sed 's/^/      /'
  fi
}

# beside NAME COMMAND...: begins a test that mostly waits; check NAME collect NAME has its result
declare -A beside_pid=()
beside() {
  local name=$1
  shift
  wanted "$name" || return 0
  "$@" > "$work/log/${name//[^A-Za-z0-9._-]/_}.beside" 2>&1 < /dev/null &
  beside_pid[$name]=$!
}

collect() {
  local code=0
  wait "${beside_pid[$1]}" || code=$?
  cat "$work/log/${1//[^A-Za-z0-9._-]/_}.beside"
  return $code
}

# each Criterion program counts as many tests as it holds
criterion() {
  local name=$1 program=$2 log summary
  shift 2
  wanted "$name" || return 0
  log=$work/log/${name//[^A-Za-z0-9._-]/_}.log
  "$program" "$@" > "$log" 2>&1 < /dev/null
  local code=$?
  summary=$(sed 's/\x1b\[[0-9;]*m//g' "$log" | grep -o 'Tested: [0-9]* | Passing: [0-9]* | Failing: [0-9]* | Crashing: [0-9]*' | tail -1)
  local good bad
  good=$(sed 's/.*Passing: \([0-9]*\).*/\1/' <<< "$summary")
  bad=$(awk '{ print $8 + $11 }' <<< "$summary")
  if [ -z "$summary" ] || [ "$good" = 0 ] || { [ $code -ne 0 ] && [ "${bad:-0}" = 0 ]; }; then good=0 bad=1; fi
  passed=$((passed + good)) failed=$((failed + bad))
  [ "$bad" = 0 ] && printf 'ok    %-48s %s tests\n' "$name" "$good" && return
  failures+=("$name")
  printf 'FAIL  %-48s %s of %s\n' "$name" "$bad" $((good + bad))
  tail -n 40 "$log" | sed 's/^/      /'
}

# each test of a run elsewhere counts; its last line tells how many
suite() {
  local name=$1 log code=0 good bad started=$SECONDS
  shift
  wanted "$name" || return 0
  log=$work/log/${name//[^A-Za-z0-9._-]/_}.log
  "$@" > "$log" 2>&1 < /dev/null || code=$?
  read -r good bad < <(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$log" | tail -n 1)
  if [ "${good:-0}" = 0 ] || { [ $code -ne 0 ] && [ "$bad" = 0 ]; }; then good=${good:-0} bad=1; fi
  passed=$((passed + good)) failed=$((failed + bad))
  [ "$bad" = 0 ] && printf 'ok    %-48s %3d s, %s tests\n' "$name" $((SECONDS - started)) "$good" && return
  failures+=("$name")
  printf 'FAIL  %-48s %3d s, %s of %s\n' "$name" $((SECONDS - started)) "$bad" $((good + bad))
  grep -A 40 '^FAIL' "$log" | tail -n 100 | sed 's/^/      /'
  tail -n 10 "$log" | sed 's/^/      /'
}

# a line of a list is a package, or a package and its command: the machine may have that from elsewhere
install_packages() {
  local missing
  local lists=("$top/examples/packages.txt" "$top/tests/packages.txt")
  [ $engines = no ] || lists+=("$top/tests/engines/packages.txt")
  missing=$(cat "${lists[@]}" | while read -r package command; do
    [ -z "$command" ] || ! command -v "$command" > /dev/null || continue
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
  done)
  [ -n "$missing" ] || return 0
  echo "installing" $missing
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing > "$work/log/apt.log" 2>&1 \
    || { tail "$work/log/apt.log"; echo "tests/run.sh: apt-get failed" >&2; exit 1; }
}

# build NAME COMPILER OPTIONS...
build() {
  local name=$1 compiler=$2
  shift 2
  CC=$compiler cmake -S "$top" -B "$work/$name" -G Ninja -DMAILTRACE_WERROR=ON "$@" && cmake --build "$work/$name"
}

run_programs() {
  local name=$1 program
  for program in "$work/$name"/tests/test_* "$work/$name"/bin/test_*; do
    [ -x "$program" ] && [ ! -d "$program" ] || continue
    criterion "$name/$(basename "$program")" "$program"
  done
}

# seeds and past findings are files; what long runs found is an archive
fuzz() {
  local target=$1 corpus=$top/tests/fuzz/corpus-$2 found=$work/fuzz-$2
  mkdir -p "$found"
  tar xzf "$top/tests/fuzz/grown-$2.tar.gz" -C "$found" \
    && "$work/clang-sanitized/bin/$target" -runs=0 "$corpus" \
    && "$work/clang-sanitized/bin/$target" -max_total_time="$fuzz_seconds" -max_len=6000 -timeout=10 \
         -artifact_prefix="$work/log/" "$found" "$corpus"
}

# a fresh run of real Exim, and what its clients and sinks saw; of the syslog profiles the datagrams are the log
lab() {
  local profile=$1 directory=$work/lab-$1 log
  SEED=11 "$top/tests/lab/run.sh" "$lab_sessions" "$profile" 16 "" "$directory" || return 1
  [ ! -f "$directory/syslog.raw" ] || cp "$directory/syslog.raw" "$directory/mainlog"
  for log in mainlog mainlog.b; do
    "$work/gcc/bin/mailtrace" --quiet --time-zone=UTC --host=mx --counters="$directory/$log.counters" "$directory/$log" \
      > "$directory/$log.ndjson" || return 1
  done
  "$top/tests/property/check_lab.py" "$2" "$directory"
}

# no field of an ECS document is unknown to ECS, over the lab's log and the generator's
ecs_fields() {
  "$work/gcc/bin/mailtrace" --quiet --json=ecs --emit=message,session,scan,delivery,dkim "$work/utm.log" \
    "$work"/lab-*/mainlog > "$work/ecs.ndjson" \
    && "$top/tests/property/check_ecs.py" "$top/tests/data/ecs-fields.txt" "$work/ecs.ndjson"
}

# the generator gives the same bytes with each compiler, and those of the sample log
build_utmgen() {
  local compiler
  for compiler in clang gcc; do
    "$compiler" -D_GNU_SOURCE -std=gnu11 -O2 -Wall -Wextra -Werror -o "$work/utmgen" "$top/tests/lab/utmgen.c" \
      && "$work/utmgen" -m 300 -c 20 -s 1 -n gateway | cmp - <(gunzip -c "$top/examples/logs/utm-generated.log.gz") \
      || return 1
  done
}

utm_truth() {
  build_utmgen \
    && "$work/utmgen" -m 5000 -c 60 -s 5 -t "$work/utm.truth" > "$work/utm.log" \
    && "$work/gcc/bin/mailtrace" --quiet "$work/utm.log" > "$work/utm.ndjson" \
    && "$top/tests/property/check_utm.py" "$work/utm.truth" "$work/utm.ndjson"
}

# the life of the module in real syslog-ng with the sanitizers of gcc, whose run time can be loaded in front of syslog-ng.
# Leaks are not looked for: syslog-ng itself frees little at its end.
module_sanitized() {
  local tools=$work/sanitized-tools
  mkdir -p "$tools"
  printf '#!/bin/sh\nLD_PRELOAD="%s %s" exec %s "$@"\n' "$(realpath "$(gcc -print-file-name=libasan.so)")" \
    "$(realpath "$(gcc -print-file-name=libubsan.so)")" "$(command -v syslog-ng)" > "$tools/syslog-ng"
  chmod +x "$tools/syslog-ng"
  # GnuTLS, which is loaded with libhttp.so, waits for itself under libasan's dlopen()
  mkdir -p "$tools/modules"
  ln -sf "$(pkg-config --variable=moduledir syslog-ng)"/*.so "$tools/modules"
  rm -f "$tools/modules/libhttp.so"
  local test
  for test in module journal chaos; do
    PATH=$tools:$PATH SYSLOG_NG_MODULES=$tools/modules MAILTRACE_SANITIZED=yes \
      ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 \
      CHAOS_MESSAGES=5000 MAILTRACE_BUILD=$work/gcc-sanitized python3 "$top/tests/e2e/test_$test.py" || return 1
  done
}

# threads of a source, of a destination, and the timer on one parser; GLib's slices would share memory unseen
module_threads() {
  local -x G_SLICE=always-malloc TSAN_OPTIONS=suppressions=$top/tests/module/tsan.suppressions
  build clang-threads clang -DMAILTRACE_SANITIZE=thread \
    && "$work/clang-threads/bin/test_threads" \
    && "$work/clang-threads/bin/test_threads" main-thread
}

# a run of its own, beside this one: these tests mostly wait
engines_suite() {
  local options=(--installed)
  [ $engines = no ] || options+=(--engines)
  "$top/tests/run.sh" "${options[@]}" engines/
}

engine_tests() {
  local engine more=()
  for engine in http killed; do beside engines/$engine python3 "$top/tests/engines/test_$engine.py"; done
  [ $engines = no ] || more=(dashboards kafka opensearch postgresql_views setup)
  for engine in sql "${more[@]}"; do check engines/$engine python3 "$top/tests/engines/test_$engine.py"; done
  for engine in http killed; do check engines/$engine collect engines/$engine; done
}

# what the tests of other_debian need
prepare_trixie() {
  local lists=("$top/examples/packages.txt" "$top/tests/packages.txt")
  [ $engines = no ] || lists+=("$top/tests/engines/packages.txt")
  chroot_prepare trixie trixie-build $(cat "${lists[@]}" \
    | sed -E '/^(clang|libclang|exim4|git$|valgrind|chromium|debootstrap|lintian|maven|npm)/d; s/ .*//')
}

# all but the browser's tests, with the syslog-ng of another Debian, built there from the same source.  It has no network:
# what engines are made of is shown to it.
other_debian() {
  local suite=$1 tests options=() downloads=${XDG_CACHE_HOME:-$HOME/.cache}
  tests=$(cd "$top/tests" && grep -L browser e2e/test_*.py | sed 's/\.py$//')
  if [ $engines = yes ]; then
    python3 "$top/tests/engines/download.py" || return 1
    local -x CHROOT_SHOWS=$downloads/mailtrace/engines
    options=(--engines engines/kafka engines/opensearch)
  fi
  chroot_run "$cache/$suite-build" env MAILTRACE_TEST_DIR="$work/$suite" XDG_CACHE_HOME="$downloads" \
    tests/run.sh --quick --installed build/gcc gcc/test_ engines/sql engines/http engines/killed "${options[@]}" $tests
}

# packages SUITE: built on the host where that is the same Debian, else in its chroot; nothing that lintian calls an error
packages() {
  local suite=$1 directory=$work/packages-$1 root=$cache/$1-build
  if [ "$(. /etc/os-release && echo "$VERSION_CODENAME")" = "$suite" ]; then
    "$top/tests/versions/make-packages.sh" "$directory"
  else
    chroot_run "$root" tests/versions/make-packages.sh "$directory"
  fi && lintian --fail-on error --allow-root "$directory"/packages/*.deb
}

# on a Debian that has nothing else: install them, do what README.md says, remove them
installed_packages() {
  local suite=$1
  (
    flock 9
    chroot_make "$suite" && chroot_copy "$suite" "$suite-installed" \
      && chroot_install "$suite-installed" syslog-ng-core syslog-ng-scl bash-completion "$work/packages-$suite"/packages/*.deb \
      && chroot_run "$cache/$suite-installed" tests/versions/check-packages.sh README.md \
      && rm -rf "$cache/$suite-installed"
  ) 9> "$cache/$suite-installed.lock"
}

# the command's package behind Debian's rsyslog, which cannot be installed beside syslog-ng
rsyslog() {
  (
    flock 9
    chroot_prepare bookworm bookworm-rsyslog rsyslog python3 procps \
      && chroot_copy bookworm-rsyslog bookworm-rsyslog-run \
      && chroot_install bookworm-rsyslog-run "$work"/packages-bookworm/packages/mailtrace_*.deb \
      && chroot_run "$cache/bookworm-rsyslog-run" python3 tests/versions/test_rsyslog.py \
      && rm -rf "$cache/bookworm-rsyslog-run"
  ) 9> "$cache/bookworm-rsyslog-run.lock"
}

mkdir -p "$work/log"
export MAILTRACE_BUILD=$work/gcc
[ $installed = yes ] || install_packages
if [ $versions = yes ]; then
  . "$top/tests/versions/chroots.sh"
  check versions/chroots chroots_usable
  beside versions/prepare-trixie prepare_trixie
fi
[ $engines = no ] || beside engines/download python3 "$top/tests/engines/download.py"
check build/gcc build gcc gcc
check build/clang build clang clang
[ $quick = yes ] || check build/sanitized build clang-sanitized clang -DMAILTRACE_FUZZ=ON \
  -DMAILTRACE_SANITIZE=address,undefined
[ $quick = yes ] || check build/module-sanitized build gcc-sanitized gcc -DMAILTRACE_TESTS=OFF \
  -DMAILTRACE_SANITIZE=address,undefined
if [ $engines = yes ]; then check engines/download collect engines/download; fi
[ ${#names[@]} -gt 0 ] || beside engines engines_suite
for lint in "$top"/tests/lint/check_*; do check "lint/$(basename "$lint")" "$lint"; done
run_programs gcc
[ $quick = yes ] || run_programs clang-sanitized
[ $quick = yes ] || check module/threads module_threads
check property/cipher-suites "$top/tests/property/check_suites.py" "$top/modules/mailtrace-core/tls-suites.def"
check property/utm-truth utm_truth
check bench/budget env MAILTRACE_BENCH_DIR="$work/bench" "$top/tests/bench/budget.py"
for test in "$top"/tests/e2e/test_*.py; do
  check "e2e/$(basename "$test" .py)" python3 "$test"
done
if [ $versions = yes ]; then
  check versions/prepare-trixie collect versions/prepare-trixie
  beside versions/trixie other_debian trixie
fi
[ ${#names[@]} -eq 0 ] || engine_tests
if [ $quick = no ]; then
  for test in command journal_command confirm raw; do
    MAILTRACE_BUILD=$work/clang-sanitized check e2e/test_$test-sanitized python3 "$top/tests/e2e/test_$test.py"
  done
  check e2e/test_module-sanitized module_sanitized
  beside fuzz/line fuzz fuzz_line line
  check fuzz/tracker fuzz fuzz_tracker tracker
  check fuzz/line collect fuzz/line
  for profile in default all syslog; do check "lab/$profile" lab "$profile" 99.8; done
  check property/ecs-fields ecs_fields
fi
[ ${#names[@]} -gt 0 ] || suite engines collect engines
if [ $versions = yes ]; then
  suite versions/trixie collect versions/trixie
  for debian in bookworm trixie; do
    check versions/packages-$debian packages $debian
    check versions/installed-$debian installed_packages $debian
  done
  check versions/rsyslog rsyslog
fi

[ ${#failures[@]} -eq 0 ] || printf 'failed: %s\n' "${failures[*]}"
printf '%d passed, %d failed\n' $passed $failed
[ $failed -eq 0 ] && [ $passed -gt 0 ]
