#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What only newer syslog-ng has: typed values in $(format-json), metrics, parallelize().  On an older one: that it is old."""
import gzip
import json
import re
import subprocess

from harness import FOUNDING, TOP, SyslogNg, check, comparable, documents, finish, run_command, scratch, wait, written

directory = scratch()
version = tuple(map(int, re.search(r"Installer-Version: (\d+)\.(\d+)", subprocess.run(
    ["syslog-ng", "--version"], capture_output=True, text=True).stdout).groups()))
print("syslog-ng %d.%d" % version)
if version < (4, 3):
    check("an older syslog-ng is one of 3.x", version[0] == 3, version)
    finish()

CONFIGURATION = """# SPDX-License-Identifier: LGPL-2.1-or-later
@version: {version}
@include "scl.conf"
options {{ stats(level(1)); }};
source s {{ {source} }};
parser p {{ sophos-utm-smtp(lines(drop) {options}); }};
destination d {{ file("{work}/out.ndjson" template("{template}\\n") log-fifo-size(1000000)); }};
log {{ source(s); {before} parser(p); destination(d); flags(flow-control); }};
"""


def start(name, source, template="${MESSAGE}", before="", options=""):
    work = directory / name
    work.mkdir()
    source = source.replace("WORK", str(work))
    (work / "test.conf").write_text(CONFIGURATION.format(version="%d.%d" % version, source=source, work=work, before=before,
                                                         template=template, options=options))
    return work, SyslogNg(work / "test.conf", work / "run")


FILE = 'file("WORK/in.log" flags(no-parse) log-fetch-limit(1000) log-iw-size(100000));'
work, server = start("typed", FILE, template="$(format-json --scope none --key mailtrace.*)")
(work / "in.log").write_bytes(FOUNDING.read_bytes())
server.start()
check("typed: a document", wait(lambda: written(work / "out.ndjson")))
found = json.loads(written(work / "out.ndjson")[0])["mailtrace"]
wanted = json.loads(run_command(FOUNDING).stdout)
same = {key: found.get(key) for key in wanted} == {key: wanted[key] for key in wanted}
check("typed: numbers, booleans, lists and nested records are those of ${MESSAGE}", same,
      {key: (found.get(key), wanted[key]) for key in wanted if found.get(key) != wanted[key]})
metrics = server.control("stats", "prometheus").stdout
for line in ('syslogng_mailtrace_messages_opened{id="p",kind="all"} 1',
             'syslogng_mailtrace_documents_by_end_reason{id="p",end_reason="complete"} 1'):
    check("metrics: %s" % line, wait(lambda: line in server.control("stats", "prometheus").stdout.splitlines()),
          [found for found in metrics.splitlines() if "mailtrace" in found][:8])
check("typed: clean exit", server.stop() == 0)

generated = gzip.decompress((TOP / "examples/logs/utm-generated.log.gz").read_bytes())
hosts = ["gateway%d" % i for i in range(4)]
logs = [generated.replace(b" gateway ", b" %s " % host.encode()).splitlines(keepends=True) for host in hosts]
together = b"".join(line for lines in zip(*logs) for line in lines)
count = together.count(b"\n")
(directory / "all.log").write_bytes(together)
expected = {key: comparable(document) for key, document in (
    (document["id"], document) for document in map(json.loads, run_command(directory / "all.log").stdout.splitlines()))
    if document["end_reason"] != "shutdown"}
for name, before in (("keyed", 'parallelize(partitions(4) partition-key("$(substr ${MESSAGE} 20 8)"));'),
                     ("unkeyed", "parallelize(partitions(4));")):
    work, server = start(name, FILE, before=before)
    (work / "in.log").write_bytes(together)
    server.start()
    check("%s: parallelize(): all lines are read" % name, server.wait_for_lines(count), server.messages()[-900:])
    check("%s: clean exit" % name, server.stop() == 0)
    found = {key: comparable(document) for key, document in documents(work / "out.ndjson").items()}
    if name == "keyed":
        other = [key for key in expected if found.get(key) != expected[key]]
        check("keyed: parallelize() with partition-key(): the documents of the command", not other and set(found) == set(expected),
              (len(found), len(expected), other[:3]))
    else:
        shared = set(found) & set(expected)
        check("unkeyed: lines that overtake each other still come to messages", len(shared) > len(expected) * 0.5,
              (len(shared), len(expected)))
        print("unkeyed: %d of %d documents are exact" % (sum(found[key] == expected[key] for key in shared), len(expected)))
finish()
