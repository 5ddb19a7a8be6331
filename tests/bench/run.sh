#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Measures what mailtrace costs, side by side with what does similar work, and writes tables and plots.
# usage: tests/bench/run.sh [--fast] [--parts=LIST] [--runs=N] [--lines=N] [--output=DIRECTORY]
#   --fast    a small log and three runs: some minutes, for a first look
#   --parts   of command, core, module, instructions (default: all)
#             command: the command against exigrep and eximstats   core: stages, memory, documents, open messages
#             module: syslog-ng, CPU time and throughput           instructions: the same, counted by callgrind
#   --runs    how often everything is measured (default: 5); medians are shown, with the least and the greatest
#   --lines   lines of the logs (default: 1000000)
#   --output  where results.md, results.json and the plots go (default: build-bench/results); tests/bench/results in the
#             repository is what README.md shows
# It needs Debian, and root where a package is missing.  Measure on a machine that does nothing else.
set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
case " $* " in *" -h "*|*" --help "*) sed -n '3,15s/^# \{0,1\}//p' "$0"; exit 0 ;; esac

missing=$(cat "$top/examples/packages.txt" "$top/tests/packages.txt" "$top/tests/bench/packages.txt" | while read -r package; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
done)
if [ -n "$missing" ]; then
  echo "installing" $missing >&2
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } > /dev/null \
    || { echo "tests/bench/run.sh: apt-get could not install" $missing >&2; exit 1; }
fi
exec python3 "$top/tests/bench/measure.py" "$@"
