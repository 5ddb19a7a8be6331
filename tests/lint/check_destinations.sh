#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is made from fields.def for destinations is what fields.def gives.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
"$top/tests/lint/sql-destination.py" --check "$top/scl/mailtrace/sql.conf"
"$top/tests/lint/index-templates.py" --check "$top/examples/elasticsearch"
