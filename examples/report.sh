#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes one HTML page of mailtrace's documents: see report.sh --help.  This script fetches the chart library, once, with
# npm; report/ has the rest.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${MAILTRACE_REPORT_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/mailtrace}
library=$cache/$(sed -n 's/.*"echarts": "\(.*\)".*/echarts-\1.js/p' "$here/report/package.json")
die() { printf 'report: %s\n' "$*" >&2; exit 1; }

install_npm() {
  [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null || die "npm is missing: install it (Debian: apt-get install npm)"
  printf 'report: installing npm\n' >&2
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends npm; } > /dev/null 2>&1 \
    || die "apt-get could not install npm"
}

# the versions and checksums are those of report/package-lock.json
fetch_library() {
  local scratch
  command -v npm > /dev/null || install_npm
  printf 'report: fetching the chart library into %s, once\n' "$cache" >&2
  mkdir -p "$cache"
  scratch=$(mktemp -d "$cache/npm.XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
  cp "$here"/report/package*.json "$scratch"
  (cd "$scratch" && npm ci --ignore-scripts --no-audit --no-fund) > "$scratch/log" 2>&1 \
    || { tail -n 5 "$scratch/log" >&2; die "npm could not fetch the chart library"; }
  mv "$scratch/node_modules/echarts/dist/echarts.common.min.js" "$library"
  rm -rf "$scratch"
  trap - EXIT
}

command -v python3 > /dev/null || die "python3 is missing"
for argument; do
  case $argument in -h|--help) exec python3 "$here/report/report.py" --help ;; esac
done
[ $# -gt 0 ] || exec python3 "$here/report/report.py"
[ -s "$library" ] || fetch_library
exec python3 "$here/report/report.py" --library="$library" "$@"
