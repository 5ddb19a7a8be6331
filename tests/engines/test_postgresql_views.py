#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What looks into a PostgreSQL that mailtrace-sql() filled: the queries of the Grafana dashboard, and the evidence report."""
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from grafana_queries import check_grafana
from harness import TOP, SyslogNg, check, finish, run_command, scratch, unpack_unfinished_logs, wait
from postgresql import PostgreSQL

CONFIGURATION = """@version: 3.38
@include "scl.conf"
options { stats-freq(0); time-reopen(1); };
source s_utm { wildcard-file(base-dir("@LOGS@") filename-pattern("utm-*.log") flags(no-parse) log-iw-size(100000)); };
source s_exim { wildcard-file(base-dir("@LOGS@") filename-pattern("exim-*.log") flags(no-parse) log-iw-size(100000)); };
parser p_utm { sophos-utm-smtp(emit("message", "session", "scan", "delivery", "dkim") lines(drop) journal(no)); };
parser p_exim { exim-mainlog(emit("message", "session", "scan", "delivery", "dkim") lines(drop) journal(no)); };
destination d_mail { mailtrace-sql(type(pgsql) host("127.0.0.1") port("@PORT@") username("mail") database("postgres")
  buffer(log-fifo-size(200000))); };
log { source(s_utm); parser(p_utm); destination(d_mail); flags(flow-control); };
log { source(s_exim); parser(p_exim); destination(d_mail); flags(flow-control); };
"""
directory = scratch()
lines = unpack_unfinished_logs(directory / "logs")
host = subprocess.run(["hostname"], capture_output=True, text=True).stdout.strip()
data = b"".join(run_command("--quiet", "--host=" + host, "--emit=message,session,scan,delivery,dkim", path).stdout
                for path in sorted((directory / "logs").glob("*.log")))
documents = [json.loads(line) for line in data.splitlines()]

server = PostgreSQL().start()
configuration = directory / "postgresql.conf"
configuration.write_text(CONFIGURATION.replace("@LOGS@", str(directory / "logs")).replace("@PORT@", str(server.port)))
syslog_ng = SyslogNg(configuration, directory / "syslog-ng").start()
check("syslog-ng reads all lines", syslog_ng.wait_for_lines(lines), syslog_ng.messages()[-2000:])
check("syslog-ng ends cleanly", syslog_ng.stop() == 0)


def rows(text):
    return [json.loads(line) for line, in server.query("SELECT row_to_json(t) FROM (%s) t" % text)]


wanted = sum(document["record"] == "message" for document in documents)
check("all messages are there", wait(lambda: rows("SELECT count(*) AS n FROM messages")[0]["n"] == wanted), wanted)
check_grafana("postgresql", documents, rows)


def report(name, *arguments, **options):
    path = directory / (name + ".html")
    result = subprocess.run([str(TOP / "examples/report.sh"), "--output=%s" % path, *arguments], capture_output=True, timeout=300,
                            env=dict(os.environ, SOURCE_DATE_EPOCH="1790000000", PGTZ="UTC"), **options)
    check("report.sh of %s" % name, result.returncode == 0, result.stderr.decode())
    return json.loads(re.search(r'id="data">(.*?)</script>', path.read_text(encoding="utf-8"))[1])


def facts(content):
    """what does not depend on the order of the input"""
    charts = {name: sorted((one["name"], sum(value or 0 for value in one["data"])) for one in chart["series"])
              for name, chart in content["charts"].items()}
    return charts, {name: (one["total"], sorted(str([in_utc(cell) for cell in row]) for row in one["rows"]))
                    for name, one in content["tables"].items()}


def in_utc(cell):
    return datetime.datetime.fromisoformat(cell).timestamp() if re.fullmatch(r"\d{4}-\d\d-\d\dT\S+", str(cell)) else cell


url = "postgresql://mail@127.0.0.1:%d/postgres" % server.port
(charts, tables), (charts_of_file, tables_of_file) = facts(report("database", url)), facts(report("documents", "-", input=data))
for name in charts:
    check("report: chart %s is that of the documents" % name, charts[name] == charts_of_file[name], (charts[name], charts_of_file[name]))
for name in tables:
    differ = [pair for pair in zip(tables[name][1], tables_of_file[name][1]) if pair[0] != pair[1]]
    check("report: table %s is that of the documents" % name, tables[name] == tables_of_file[name], (tables[name][0], differ[:1]))
server.stop()
finish()
