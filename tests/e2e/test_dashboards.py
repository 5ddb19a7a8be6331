#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The dashboards are those of panels.py, and those for SQLite and (in a stand-in) Splunk give the numbers that stand in the
documents; those for search engines and PostgreSQL are tried by tests/engines."""
import json
import sqlite3
import subprocess
import sys

from grafana_queries import check_grafana
from harness import TOP, SyslogNg, check, finish, run_command, scratch, unpack_unfinished_logs
from splunk_searches import check_splunk

result = subprocess.run([sys.executable, str(TOP / "examples/dashboards/make.py"), "--check"], capture_output=True, text=True)
check("no dashboard is stale", result.returncode == 0, result.stdout + result.stderr)

directory = scratch()
lines = unpack_unfinished_logs(directory / "logs")
documents = [json.loads(line) for path in sorted((directory / "logs").glob("*.log")) for line in run_command(
    "--quiet", "--host=mx", "--emit=message,session,delivery,dkim", path).stdout.splitlines()]

server = SyslogNg(TOP / "examples/sqlite.conf", directory / "sqlite", logs=directory / "logs", database=directory / "mail.db").start()
check("sqlite.conf reads all lines", server.wait_for_lines(lines))
check("sqlite.conf ends cleanly", server.stop() == 0)
database = sqlite3.connect(directory / "mail.db")
database.row_factory = sqlite3.Row
check_grafana("sqlite", documents, lambda text: [dict(row) for row in database.execute(text)])
check_splunk(documents)
finish()
