#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the core calls is listed here, and nothing on the list is a clock, a lock, a log, the environment or a file.  A new
# function of libc or GLib in the core is a decision: it fails here until somebody adds it.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
library=${MAILTRACE_BUILD:-$top/build-tests/gcc}/lib/libmailtrace-core.a
[ -f "$library" ] || { echo "$library is not there"; exit 1; }

# memory and strings of libc; what gcc and glibc put in by themselves
libc='mem(chr|cmp|cpy|mem|move|rchr|set)|str(chr|cmp|len|ncmp)|inet_pton'
compiler='_GLOBAL_OFFSET_TABLE_|__stack_chk_fail|__mem(cpy|move|set)_chk|__asan_.*|__ubsan_.*|__sanitizer_.*|__sancov_.*|__popcountdi2'
# containers, memory, strings and checksums of GLib; g_assertion_message_expr ends the program
glib='g_(malloc|malloc0|realloc)(_n)?|g_malloc0_n|g_free|g_memdup2|g_strndup|g_strdup|g_ascii_(strdown|table)|g_str_(hash|equal)'
glib="$glib|g_int64_(hash|equal)|g_direct_(hash|equal)|g_(checksum|hmac|hash_table|list|slist|ptr_array|array|queue|string)_[a-z0-9_]+"
# texts of errors and numbers; reference counts; the Public Suffix List as it is built into libpsl
glib="$glib|g_snprintf|g_strdup_printf|g_ascii_(strncasecmp|tolower|xdigit_value)"
glib="$glib|g_atomic_rc_box_(acquire|alloc0|release_full)|psl_(builtin|registrable_domain)"
glib="$glib|g_qsort_with_data|g_assertion_message_expr"

# the journal alone touches files, and its file is shared by threads
files='open(64)?|close|flock|fstat(64)?|pread(64)?|pwrite(64)?|fdatasync|posix_fallocate(64)?|fallocate(64)?|ftruncate(64)?'
files="$files|mmap(64)?|munmap|rename|unlink|__errno_location|g_strerror|g_mutex_[a-z]+|g_atomic_ref_count_[a-z]+"

defined=$(nm --defined-only "$library" | awk 'NF == 3 { print $3 }' | sort -u)
# calls WHOSE: undefined names of the members journal*.o (WHOSE=1), or of all others (WHOSE=0)
calls() {
  nm -u "$library" | awk -v whose="$1" '/\.o:$/ { journal = /^journal/ } NF == 2 && journal == whose { print $2 }' | sort -u
}
foreign=$(comm -13 <(echo "$defined") <(calls 0) | grep -vxE "$libc|$compiler|$glib" || true)
foreign="$foreign $(comm -13 <(echo "$defined") <(calls 1) | grep -vxE "$libc|$compiler|$glib|$files" || true)"
[ "$foreign" = " " ] || { echo "the core calls what is not on the list:" $foreign; exit 1; }

writable=$(nm "$library" | awk '$2 ~ /^[bBC]$/ { print $3 }' | sort -u)
[ -z "$writable" ] || { echo "the core has writable globals:" $writable; exit 1; }
