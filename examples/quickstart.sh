#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# From a fresh Debian 12 to a screen full of answers: installs what it needs, builds, runs syslog-ng with the module over
# the logs in examples/logs, stores the documents as NDJSON and in SQLite, and shows what an administrator asks for.
# usage: examples/quickstart.sh [OUTPUT]      default: quickstart-output beside this repository's build directory
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
output=${1:-$top/build/quickstart-output}
log() { printf '==> %s\n' "$*"; }
die() { printf 'quickstart: %s\n' "$*" >&2; exit 1; }

case ${1:-} in -h|--help) sed -n '3,5s/^# //p' "$0"; exit 0 ;; -*) die "unknown option $1; see --help" ;; esac

install_packages() {
  local missing
  missing=$(while read -r package; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
  done < "$here/packages.txt")
  [ -n "$missing" ] || return 0
  [ "$(id -u)" = 0 ] || die "not root; install these packages first: $(echo $missing)"
  log "installing $(echo $missing)"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends $missing > "$output/apt.log" 2>&1 \
    || die "apt-get failed, see $output/apt.log"
}

build() {
  log "building in $top/build"
  cmake -S "$top" -B "$top/build" -G Ninja -DMAILTRACE_TESTS=OFF > "$output/build.log" 2>&1 \
    && cmake --build "$top/build" >> "$output/build.log" 2>&1 || die "the build failed, see $output/build.log"
}

unpack_logs() {
  mkdir -p "$output/logs"
  cat "$here/logs/01-full-message.log" > "$output/logs/utm-full-message.log"
  cat "$here/logs/02-ctasd-bulk.log" > "$output/logs/utm-ctasd-bulk.log"
  cat "$here/logs/03-asg-v8-2011.log" > "$output/logs/utm-asg-v8-2011.log"
  cat "$here/logs/04-pop3proxy.log" > "$output/logs/utm-pop3proxy.log"
  gunzip -c "$here/logs/utm-generated.log.gz" > "$output/logs/utm-generated.log"
  gunzip -c "$here/logs/exim-mainlog.gz" > "$output/logs/exim-mainlog.log"
}

# lines read so far, and documents that wait in destinations
progress() {
  syslog-ng-ctl stats --control="$1/syslog-ng.ctl" 2>/dev/null | awk -F';' '
    /mailtrace_lines_by_role/ { lines += $NF } /^dst\./ && $5 == "queued" { queued += $NF }
    END { print lines + 0, queued + 0 }'
}

# runs one configuration until all lines are read and nothing waits, then ends it
run_configuration() {
  local name=$1 directory=$output/syslog-ng-$1 wanted pid lines queued quiet=0
  shift
  wanted=$(cat "$output"/logs/*.log | wc -l)
  rm -rf "$directory"
  mkdir -p "$directory"
  log "running syslog-ng with examples/$name.conf over $wanted lines"
  "$here/run.sh" "$here/$name.conf" "$directory" "$@" > "$directory/syslog-ng.log" 2>&1 &
  pid=$!
  for _ in $(seq 100); do
    kill -0 $pid 2>/dev/null || die "syslog-ng ended early, see $directory/syslog-ng.log"
    read -r lines queued < <(progress "$directory")
    if [ "${lines:-0}" -ge "$wanted" ] && [ "${queued:-1}" = 0 ]; then quiet=$((quiet + 1)); else quiet=0; fi
    [ $quiet -lt 3 ] || break
    sleep 0.5
  done
  kill -TERM $pid
  wait $pid || die "syslog-ng failed, see $directory/syslog-ng.log"
  [ $quiet -ge 3 ] || die "only ${lines:-0} of $wanted lines were read, see $directory/syslog-ng.log"
}

section() { printf '\n%s\n' "$1"; sqlite3 "${@:3}" "$output/mail.db" < "$here/queries/$2.sql"; }

show() {
  printf '\n---------------------------------------------------------------------------------------------\n'
  printf 'The message of the founding example\n'
  sqlite3 -cmd ".parameter set :id 'defense:1haLqi-0002Mp-2G'" "$output/mail.db" < "$here/queries/message.sql"
  section 'Messages by status' overview
  section 'TLS versions and ciphers, the most frequent' tls
  section 'DKIM signatures by domain, the most frequent' dkim
  section 'Spam verdicts' spam
  printf '\nFiles\n'
  printf '  %-58s %s\n' "$output/mail.db" 'SQLite: messages, deliveries, dkim, scans, sessions' \
    "$output/ndjson/*.ndjson" "$(cat "$output"/ndjson/*.ndjson | wc -l) documents, one a line" \
    "$here/queries/*.sql" 'the questions asked above' \
    "$here/report.sh $output/mail.db > report.html" 'makes pictures, lists, and a TLS statement of it' \
    "$here/*.conf" 'configurations to copy'
}

mkdir -p "$output"
install_packages
build
unpack_logs
rm -rf "$output/ndjson"
run_configuration sqlite logs="$output/logs" database="$output/mail.db"
run_configuration ndjson logs="$output/logs" output="$output/ndjson"
show
