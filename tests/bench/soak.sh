#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# syslog-ng with mailtrace() at full speed for SOAK_SECONDS (3600), reloaded every SOAK_RELOAD seconds (60): prints memory,
# open descriptors, size of the journal and documents of each such period; fails when memory or descriptors grow.
# usage: tests/bench/soak.sh [DIRECTORY]      BUILD names the build directory (default: build)
set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
export BUILD=${BUILD:-$top/build}
seconds=${SOAK_SECONDS:-3600} period=${SOAK_RELOAD:-60} port=${SOAK_PORT:-15170} senders=${SOAK_SENDERS:-2}
work=${1:-$(mktemp -d)}
run=$work/run
pids=()

cleanup() { for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done; wait; }
trap cleanup EXIT

# an endless log of one gateway, sent as fast as it is taken
send() {
  local round=0
  while :; do
    "$work/utmgen" -m 5000 -c 60 -s $((round * 100 + $1)) -n "gateway$1" -e $((1560164640 + round * 2000)) || return
    round=$((round + 1))
  done > "/dev/tcp/127.0.0.1/$port"
}

counter() {
  syslog-ng-ctl stats --control="$run/syslog-ng.ctl" | awk -F';' -v name="mailtrace_$1\$" '$5 ~ name { sum += $NF } END { print sum + 0 }'
}

memory() { awk '/^VmRSS/ { print int($2 / 1024) }' "/proc/$server/status"; }
descriptors() { ls "/proc/$server/fd" | wc -l; }
journal_size() { du -m "$run/soak.journal" | cut -f1; }

mkdir -p "$run"
cc -D_GNU_SOURCE -std=gnu11 -O2 -o "$work/utmgen" "$top/tests/lab/utmgen.c"
cat > "$work/soak.conf" <<CONFIGURATION
@version: 3.38
@include "scl.conf"
options { stats-freq(0); };
source s { network(ip("127.0.0.1") port($port) transport("tcp") flags(no-parse) max-connections(10)
                   log-iw-size(100000) log-fetch-limit(1000)); };
parser p { mailtrace(journal("soak.journal") lines(drop) emit("message", "session", "delivery", "dkim", "scan")); };
destination d { file("/dev/null" template("\${MESSAGE}\n") log-fifo-size(200000)); };
log { source(s); parser(p); destination(d); flags(flow-control); };
CONFIGURATION
"$top/examples/run.sh" "$work/soak.conf" "$run" > "$run/log" 2>&1 &
server=$!
pids+=("$server")
for _ in $(seq 50); do syslog-ng-ctl stats --control="$run/syslog-ng.ctl" > /dev/null 2>&1 && break; sleep 0.2; done
for ((i = 0; i < senders; i++)); do send $i & pids+=($!); done

printf '%7s %9s %12s %11s %10s %10s\n' seconds 'RSS MiB' descriptors 'journal MiB' 'documents' 'lines/s'
begin=$SECONDS documents=0 lines=0 rows=0 first_memory=0 first_descriptors=0
while [ $((SECONDS - begin)) -lt "$seconds" ]; do
  sleep "$period"
  kill -0 "$server" || { echo "syslog-ng ended, see $run/log" >&2; exit 1; }
  now_documents=$(counter documents_acknowledged) now_lines=$(counter 'lines_by_role_.*')
  printf '%7d %9d %12d %11d %10d %10d\n' $((SECONDS - begin)) "$(memory)" "$(descriptors)" "$(journal_size)" \
    $((now_documents - documents)) $(((now_lines - lines) / period))
  [ $((now_documents - documents)) -gt 0 ] || { echo "no documents any more" >&2; exit 1; }
  documents=$now_documents lines=$now_lines rows=$((rows + 1))
  # tables have filled by then: tombstones, the journal's blocks
  [ $rows -ne 3 ] || { first_memory=$(memory); first_descriptors=$(descriptors); }
  syslog-ng-ctl reload --control="$run/syslog-ng.ctl" > /dev/null
done
[ $rows -gt 3 ] || { echo "too short to say anything: at least 4 periods" >&2; exit 1; }
grown=$(($(memory) - first_memory)) more=$(($(descriptors) - first_descriptors))
printf 'memory grew by %d MiB of %d, descriptors by %d of %d, %d lines in all\n' $grown "$first_memory" $more \
  "$first_descriptors" "$lines"
[ $grown -le $((first_memory / 10 + 8)) ] && [ $more -le 2 ]
