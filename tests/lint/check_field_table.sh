#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The field table of the manual is the one that fields.def gives.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
exec "$top/tests/lint/field-table.py" --check "$top/include/mailtrace/README.md"
