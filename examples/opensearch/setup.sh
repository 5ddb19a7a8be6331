#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Prepares OpenSearch for the documents of mailtrace; see --help.
exec "$(dirname "${BASH_SOURCE[0]}")/../elasticsearch/setup.sh" "$@"
