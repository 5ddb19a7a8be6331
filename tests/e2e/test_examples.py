#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every configuration in examples/ in real syslog-ng: its documents are those of the command over the same logs."""
import json
import socket
import sqlite3

from harness import TOP, SyslogNg, check, comparable, documents, finish, run_command, scratch, unpack_logs, wait

EXAMPLES = TOP / "examples"
directory = scratch()
logs = directory / "logs"
lines = unpack_logs(logs)
STREAMS = "--emit=message,session,scan,delivery,dkim"


def command_documents(*paths, streams=STREAMS):
    newest = {}
    for path in paths:
        result = run_command(streams, "--host=" + socket.gethostname(), path)
        for line in result.stdout.splitlines():
            document = json.loads(line)
            newest[document["id"]] = document
    return newest


def same(name, found, expected):
    missing = sorted(set(expected) - set(found))
    added = sorted(set(found) - set(expected))
    other = [key for key in expected if key in found and comparable(found[key]) != comparable(expected[key])]
    check(name, not (missing or added or other), "missing %s added %s other %s" % (missing[:3], added[:3], other[:3]))


TABLES = (("messages", "message"), ("deliveries", "delivery"), ("dkim", "dkim"), ("scans", "scan"), ("sessions", "session"))
expected = command_documents(*sorted(logs.glob("*.log")))

server = SyslogNg(EXAMPLES / "ndjson.conf", directory / "ndjson", logs=logs, output=directory / "out").start()
check("ndjson.conf reads all lines", server.wait_for_lines(lines), server.counter("lines_by_role"))
check("ndjson.conf ends cleanly", server.stop() == 0)
found = {}
for path in (directory / "out").glob("*.ndjson"):
    found.update(documents(path))
same("ndjson.conf: the documents of the command", found, expected)

contents = {}
for attempt in ("first", "second"):
    server = SyslogNg(EXAMPLES / "sqlite.conf", directory / ("sqlite-" + attempt), logs=logs,
                      database=directory / "mail.db").start()
    check("sqlite.conf reads all lines", server.wait_for_lines(lines), server.messages()[-500:])
    check("sqlite.conf ends cleanly", server.stop() == 0)
    database = sqlite3.connect(directory / "mail.db")
    contents[attempt] = {table: sorted(database.execute("SELECT * FROM " + table), key=lambda row: row[0])
                         for table, _ in TABLES}
    for table, record in TABLES:
        rows = {row[0] for row in database.execute("SELECT id FROM " + table)}
        wanted = {key for key, document in expected.items() if document["record"] == record}
        check("sqlite.conf, %s replay: table %s" % (attempt, table), rows == wanted,
              "%d rows, %d wanted" % (len(rows), len(wanted)))
    row = database.execute("SELECT subject, size, tls_in_version, recipients, seconds_total FROM messages WHERE id = ?",
                           ("defense:1haLqi-0002Mp-2G",)).fetchone()
    check("sqlite.conf: the founding message", row == ("Statement", 67579, "TLSv1.2", '["targetuser@targetdomain.tld"]', 4), row)
    database.close()
for table, _ in TABLES:
    check("sqlite.conf: the second replay changed nothing in %s" % table,
          contents["first"][table] == contents["second"][table],
          [pair for pair in zip(contents["first"][table], contents["second"][table]) if pair[0] != pair[1]][:1])

server = SyslogNg(EXAMPLES / "exim-file.conf", directory / "exim", mainlog=logs / "exim-mainlog.log",
                  output=directory / "exim-out").start()
count = (logs / "exim-mainlog.log").read_bytes().count(b"\n")
check("exim-file.conf reads all lines", server.wait_for_lines(count))
check("exim-file.conf ends cleanly", server.stop() == 0)
closed = {key: document for key, document in command_documents(
    logs / "exim-mainlog.log", streams="--emit=message,session").items() if document["end_reason"] != "shutdown"}
same("exim-file.conf: the documents of the command, but for what is still open", documents(directory / "exim-out/exim.ndjson"),
     closed)

server = SyslogNg(EXAMPLES / "filters.conf", directory / "filters", logs=logs, output=directory / "alerts").start()
check("filters.conf reads all lines", server.wait_for_lines(lines))
check("filters.conf ends cleanly", server.stop() == 0)


def alerts(name):
    path = directory / "alerts" / name
    return len(path.read_text(errors="replace").splitlines()) if path.exists() else 0


messages = [document for document in expected.values() if document["record"] == "message"]
for name, wanted in (
        ("dkim-failed.log", sum(document.get("dkim_result") == "fail" for document in messages)),
        ("plaintext.log", sum(document["tls"].get("encrypted_in") is False for document in messages if "tls" in document)),
        ("weak-tls.log", sum(document.get("tls", {}).get("verdict", "acceptable") != "acceptable" for document in messages)),
        ("quarantined.log", sum(document["status"] == "quarantined" for document in messages))):
    check("filters.conf: %s" % name, wanted > 0 and alerts(name) == wanted, "%d alerts, %d wanted" % (alerts(name), wanted))
check("filters.conf: refused-logins.log", alerts("refused-logins.log") > 0)

port = 15140
server = SyslogNg(EXAMPLES / "central-server.conf", directory / "central", address="127.0.0.1", port=port,
                  output=directory / "central-out").start()
raw = (logs / "utm-full-message.log").read_bytes().splitlines()
with socket.create_connection(("127.0.0.1", port)) as stream:
    stream.sendall(b"".join(b"<22>" + line + b"\n" for line in raw))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
    for line in raw:
        datagrams.sendto(b"<22>" + line.replace(b" defense ", b" gateway2 "), ("127.0.0.1", port))
check("central-server.conf receives all lines", wait(lambda: server.counter("lines_by_role") >= 2 * len(raw)))
check("central-server.conf ends cleanly", server.stop() == 0)
found = documents(directory / "central-out/documents.ndjson")
check("central-server.conf: one document a gateway", sorted(key.split(":")[0] for key in found) == ["defense", "gateway2"],
      list(found))
check("central-server.conf: complete", all(document["lines"] == 14 and document["end_reason"] == "complete"
                                           for document in found.values()), found)
check("central-server.conf: lines by host", (directory / "central-out/smtp-defense.log").exists())
readme = (TOP / "README.md").read_text()
block = readme[readme.index("```\n@version") + 4:]
block = block[:block.index("```")]
for old, new in (('ip("0.0.0.0")', 'ip("127.0.0.1")'), ("port(514)", "port(%d)" % (port + 1)),
                 ("/var/log/mailtrace", str(directory / "readme-out"))):
    check("README.md still says %s" % old, old in block)
    block = block.replace(old, new)
(directory / "readme.conf").write_text(block)
server = SyslogNg(directory / "readme.conf", directory / "readme").start()
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
    for line in raw:
        datagrams.sendto(line, ("127.0.0.1", port + 1))
check("the README's snippet receives all lines", wait(lambda: server.counter("lines_by_role") >= len(raw)))
check("the README's snippet ends cleanly", server.stop() == 0)
found = documents(directory / "readme-out/2019-06.ndjson")
check("the README's snippet writes the document into its month", list(found) == ["defense:1haLqi-0002Mp-2G"], list(found))

finish()
