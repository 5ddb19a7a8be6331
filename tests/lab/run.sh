#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# usage: run.sh [N=2000] [PROFILE=default|all|alltz|busy|syslog|syslognots] [THREADS=16] [EXIM_BINARY] [OUT]
# Runs Debian's exim4 (or EXIM_BINARY) as mx-a plus a second exim mx-b, an SMTP sink, a fake DNS and a syslog
# catcher inside private network+mount+pid namespaces (only a loopback interface exists there); needs root.
set -eu
H=$(cd "$(dirname "$0")" && pwd); N=${1:-2000} P=${2:-default} TH=${3:-16} BIN=${4:-} OUT=${5:-$H/logs/$P}
T=$(mktemp -d); rm -rf "$OUT"; mkdir -p "$OUT"
s=$(date +%s)
unshare -m -n -p -u --fork --kill-child --mount-proc bash "$H/lib/inner.sh" "$T" "$N" "$TH" "$P" "$BIN" "$H/lib" "${SEED:-7}" > "$OUT/console.txt" 2>&1 || echo "inner rc=$?"
cp -r "$T/a/log/." "$OUT/" 2>/dev/null || true
for f in mainlog rejectlog paniclog; do [ -f "$T/b/log/$f" ] && cp "$T/b/log/$f" "$OUT/$f.b"; done
for f in "$T"/sys/*; do [ -s "$f" ] && cp "$f" "$OUT/"; done
cp "$T"/truth.jsonl "$T"/sink.jsonl "$T"/queue-at-end.txt "$T"/version.txt "$T"/zone "$OUT/" 2>/dev/null || true
tar czf "$OUT/msglogs.tar.gz" -C "$T/a/spool" msglog msglog.OLD 2>/dev/null || true
sed "s#$T#/T#g" "$T/etca/exim4.conf" > "$OUT/exim-a.conf.used"
rm -rf "$T"; echo "$P: $(($(date +%s)-s))s"; wc -l "$OUT"/* | grep -v total
