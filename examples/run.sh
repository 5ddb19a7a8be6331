#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs syslog-ng with one of these configurations and the module as built, without installing anything.
# usage: examples/run.sh CONFIGURATION DIRECTORY [NAME=VALUE...]
#   DIRECTORY   for syslog-ng's own files: its configuration, persist file, control socket, log
#   NAME=VALUE  replaces the @define NAME of the configuration
# BUILD names the build directory (default: build), SYSLOG_NG_MODULES the directory of syslog-ng's own modules.
# Runs in the foreground; end it by a signal to its process id.
set -eu

if [ $# -lt 2 ]; then
  sed -n '3,7s/^# //p' "$0" >&2
  exit 2
fi
top=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD:-$top/build}
configuration=$1 directory=$2
shift 2

mkdir -p "$directory"
directory=$(cd "$directory" && pwd)
include=/etc/syslog-ng:$(pkg-config --variable=scldir syslog-ng | sed 's:/scl$::')
sed "s#^@version.*#&\n@define include-path \"$top:$include\"#" "$configuration" > "$directory/syslog-ng.conf"
for pair in "$@"; do
  sed -i "s#^@define ${pair%%=*} .*#@define ${pair%%=*} \"${pair#*=}\"#" "$directory/syslog-ng.conf"
done

exec syslog-ng --foreground --no-caps --stderr \
  --cfgfile "$directory/syslog-ng.conf" --persist-file "$directory/syslog-ng.persist" \
  --control "$directory/syslog-ng.ctl" --pidfile "$directory/syslog-ng.pid" \
  --module-path "${SYSLOG_NG_MODULES:-$(pkg-config --variable=moduledir syslog-ng)}:$build/lib" ${SYSLOG_NG_OPTIONS:-}
