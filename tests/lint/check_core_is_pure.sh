#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The core calls no clock, lock, log, environment or file function, and includes no header of syslog-ng.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
library=${MAILTRACE_BUILD:-$top/build-tests/gcc}/lib/libmailtrace-core.a
forbidden='^(time|clock|clock_gettime|gettimeofday|localtime|localtime_r|gmtime|mktime|g_get_real_time|g_get_monotonic_time|g_date_.*|g_time_zone_.*|g_mutex_.*|g_rec_mutex_.*|g_rw_lock_.*|pthread_.*|printf|fprintf|puts|g_print.*|g_log.*|g_message|g_warning|getenv|secure_getenv|g_getenv|open|openat|fopen|read|write|close|stat|unlink|rename|g_file_.*|g_open|g_random_.*|rand|random|getrandom)$'
[ -f "$library" ] || { echo "$library is not there"; exit 1; }
found=$(nm -u "$library" | awk 'NF == 2 { print $2 }' | sort -u | grep -E "$forbidden" || true)
[ -z "$found" ] || { echo "the core calls:" $found; exit 1; }
if grep -nE '#include [<"](logmsg|logpipe|cfg|parser|stats|messages|syslog-ng|iv|time|unistd|pthread|fcntl|sys/)' "$top"/modules/mailtrace-core/*.[ch]; then
  exit 1
fi
if grep -nE '#include "(scan|line-|dialect|message\.h|host\.h|tracker-)' "$top"/modules/mailtrace/*.[ch] "$top"/modules/mailtrace-cli/*.[ch]; then
  echo "the glue and the command use public headers only"
  exit 1
fi
