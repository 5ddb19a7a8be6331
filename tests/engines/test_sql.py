#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""mailtrace-sql() and mailtrace-file(): SQLite, PostgreSQL, and plain files hold every document, each fact in its column."""
import json
import sqlite3
import sys

from drill import Drill, check
from harness import documents, finish
from postgresql import PostgreSQL
import tables


def compare(name, drill, rows):
    """rows(table, columns) -> one list a row; the facts of each document, and no row more"""
    for table, record in tables.TABLES:
        columns = list(tables.columns(record))
        wanted = {key: tables.facts(record, document) for key, document in drill.of(record).items()}
        found = {row[0]: row for row in rows(table, columns)}
        differ = [(key, [(c[0], a, b) for c, a, b in zip(columns, found[key], wanted[key]) if a != b])
                  for key in wanted if key in found and list(found[key]) != wanted[key]]
        check("%s: table %s has its %d documents" % (name, table, len(wanted)), found.keys() == wanted.keys(),
              "%d rows" % len(found))
        check("%s: table %s has their facts" % (name, table), not differ, differ[:2])


def check_revisions(name, drill, insert, value):
    """a higher revision replaces, a lower one does not"""
    document = dict(next(iter(drill.of("message").values())), id="revisions", subject="2", revision=2)
    insert(document)
    insert(dict(document, subject="1", revision=1))
    check("%s: a lower revision changes nothing" % name, value("subject") == "2", value("subject"))
    insert(dict(document, subject="2b", revision=2))
    check("%s: the same revision replaces" % name, value("subject") == "2b", value("subject"))
    insert(dict(document, subject="3 '\"\\ $1 \u0000 \\u0000 end", revision=3))
    check("%s: a higher one, too" % name, value("revision") == "3", value("revision"))
    check("%s: whatever its text" % name, value("subject").startswith("3 '\"\\ $1 ") and value("subject").endswith(" \\u0000 end"),
          value("subject"))


def test_sqlite():
    drill = Drill("sqlite", 'mailtrace-sql(database("{directory}/mail.db") time-reopen(1) {buffer});')
    path = drill.directory / "mail.db"
    other = sqlite3.connect(path, isolation_level=None, timeout=30)

    def lock():
        other.execute("BEGIN EXCLUSIVE")

    drill.first_pass(lock, lambda: other.execute("COMMIT"))
    compare("sqlite", drill, tables.sqlite_rows(path))
    drill.replay()
    compare("sqlite, replayed", drill, tables.sqlite_rows(path))

    def insert(document):
        other.execute("INSERT INTO mailtrace_message (document) VALUES (?)", (json.dumps(document),))

    check_revisions("sqlite", drill, insert, lambda column: str(other.execute(
        "SELECT %s FROM messages WHERE id = 'revisions'" % column).fetchone()[0]))
    other.close()


def test_postgresql():
    server = PostgreSQL().start()
    drill = Drill("postgresql", 'mailtrace-sql(type(pgsql) host("127.0.0.1") port("%d") username("mail") '
                  'database("postgres") time-reopen(1) {buffer});' % server.port)
    drill.first_pass(server.stop, server.start)
    compare("postgresql", drill, tables.postgresql_rows(server))
    before = server.query("SELECT count(*), sum(xmin::text::bigint) FROM messages")
    drill.replay()
    compare("postgresql, replayed", drill, tables.postgresql_rows(server))
    check("postgresql: the replay did reach it", server.query("SELECT count(*), sum(xmin::text::bigint) FROM messages") != before)
    check("postgresql: nothing was rejected", server.query("SELECT * FROM mailtrace_rejected") == [])

    def insert(document):
        server.query("INSERT INTO mailtrace_message VALUES ($json$%s$json$)" % json.dumps(document))

    check_revisions("postgresql", drill, insert, lambda column: server.query(
        "SELECT %s FROM messages WHERE id = 'revisions'" % column)[0][0])
    insert({"record": "message", "id": "no stamp", "revision": 1, "received": "2026-02-31T00:00:00Z"})
    rejected = server.query("SELECT document::json ->> 'id', reason FROM mailtrace_rejected")
    check("postgresql: what has no place is kept with its reason",
          [row[0] for row in rejected] == ["no stamp"] and "2026-02-31" in rejected[0][1], rejected)
    server.stop()


def test_file():
    drill = Drill("file", 'mailtrace-file(path("{directory}/out/${{YEAR}}-${{MONTH}}.ndjson"));')
    before = 0
    drill.written = lambda: sum(path.read_bytes().count(b"\n") for path in (drill.directory / "out").glob("*.ndjson")) - before
    drill.first_pass(lambda: None, lambda: None)

    def found():
        return {key: value for path in (drill.directory / "out").glob("*.ndjson") for key, value in documents(path).items()}

    check("file: the documents", found() == drill.expected)
    check("file: a file for each month", len(list((drill.directory / "out").glob("*.ndjson"))) ==
          len({document["received"][:7] for document in drill.expected.values()}))
    before = drill.written()
    drill.replay()
    check("file: the same after a replay", found() == drill.expected)


for test in (test_file, test_sqlite, test_postgresql):
    if len(sys.argv) == 1 or test.__name__[5:] in sys.argv[1:]:
        test()
finish()
