#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""syslog-ng is killed (SIGKILL) while its destination is away and the disk buffer is full, and while it empties: nothing is
lost, and what is sent twice changes nothing.
KILLED_SEED: of the moments"""
import os
import random
import sqlite3
import sys
import time

from drill import Drill, check
from harness import comparable, finish, wait
from postgresql import PostgreSQL
from stand_in import StandIn, parse_bulk, parse_hec
import tables

SEED = int(os.environ.get("KILLED_SEED", random.randrange(1 << 32)))
print("KILLED_SEED=%d" % SEED, flush=True)
dice = random.Random(SEED)


def waits_for_engine(drill):
    """all lines are read, and their documents wait"""
    lines = drill.log.read_bytes().count(b"\n")
    drill.require("all lines are read", wait(lambda: drill.server.counter("lines_by_role") >= lines, 60))
    check("%s: documents wait" % drill.name, wait(lambda: drill.server.queued() > 100, 60), drill.server.queued())
    refused = drill.server.counter("documents_refused")
    check("%s: %s" % (drill.name, "there is no room for more" if drill.full else "there is room for more"),
          (refused > 0) == drill.full, refused)


def kill(drill, times, longest):
    for _ in range(times):
        time.sleep(dice.random() * longest)
        drill.kill()
        drill.start_again()


def killed_pass(drill, engine_away, engine_back, count, stored, wanted):
    """count(): of documents in the engine; stored(): id -> what it has of each"""
    drill.log.touch()
    drill.start()
    drill.feed(0)
    drill.require("documents arrive", drill.wait_for_written(len(drill.expected) // 8))
    engine_away()
    drill.feed(1)
    waits_for_engine(drill)
    kill(drill, 2, 1)
    engine_back()
    kill(drill, 3, 2)
    drill.feed(2)
    done = wait(lambda: time.sleep(1) or count() >= len(wanted), 120)
    found = stored()
    missing = sorted(wanted.keys() - found.keys())
    other = [(found[key], wanted[key]) for key in wanted if key in found and found[key] != wanted[key]]
    check("%s: nothing is lost" % drill.name, done and not missing, (len(missing), missing[:3], drill.server.messages()[-1500:]))
    check("%s: nothing contradicts" % drill.name, not other, (len(other), other[:1]))
    check("%s: nothing more" % drill.name, len(found) == len(wanted), sorted(found.keys() - wanted.keys())[:3])
    check("%s: syslog-ng ends cleanly" % drill.name, drill.server.stop() == 0, drill.server.messages()[-800:])


def drill_of(name, destination, full):
    """full: of a buffer that holds less than a third of the log"""
    size = dict(buffer_bytes=2 << 20, memory_bytes=1 << 19) if full else {}
    drill = Drill("%s, %s" % (name, "full" if full else "in use"), destination, 2800, **size)
    drill.full = full
    return drill


def http(name, destination, parse, full):
    servers = [StandIn(parse)]
    drill = drill_of(name, destination % servers[0].server_port, full)
    killed_pass(drill, lambda: servers[-1].leave(), lambda: servers.append(servers[-1].successor()),
                lambda: len(servers[-1].stored), lambda: {key: comparable(document) for key, document in servers[-1].documents().items()},
                {key: comparable(document) for key, document in drill.expected.items()})
    servers[-1].leave()


def columns(record):
    """but those that a second sending may change"""
    return [column for column in tables.columns(record) if column[0] not in ("revision", "lines")]


def sql(drill, engine_away, engine_back, rows):
    killed_pass(drill, engine_away, engine_back,
                lambda: sum(len(list(rows(table, columns(record)[:1]))) for table, record in tables.TABLES),
                lambda: {row[0]: row for table, record in tables.TABLES for row in rows(table, columns(record))},
                {key: [tables.fact(document, column) for column in columns(document["record"])]
                 for key, document in drill.expected.items()})


def test_bulk():
    http("bulk", 'mailtrace-elasticsearch(url("http://127.0.0.1:%d") time-reopen(1) {buffer});', parse_bulk, True)


def test_hec():
    http("hec", 'mailtrace-splunk(url("http://127.0.0.1:%d") token("secret") time-reopen(1) {buffer});', parse_hec, False)


def test_sqlite():
    drill = drill_of("sqlite", 'mailtrace-sql(database("{directory}/mail.db") time-reopen(1) {buffer});', True)
    path = drill.directory / "mail.db"
    other = sqlite3.connect(path, isolation_level=None, timeout=60)
    sql(drill, lambda: other.execute("BEGIN EXCLUSIVE"), lambda: other.execute("COMMIT"), tables.sqlite_rows(path))


def test_postgresql():
    server = PostgreSQL().start()
    drill = drill_of("postgresql", 'mailtrace-sql(type(pgsql) host("127.0.0.1") port("%d") username("mail") '
                  'database("postgres") time-reopen(1) {buffer});' % server.port, False)
    sql(drill, server.stop, server.start, tables.postgresql_rows(server))
    check("postgresql: nothing was rejected", server.query("SELECT * FROM mailtrace_rejected") == [])
    server.stop()


for test in (test_bulk, test_hec, test_sqlite, test_postgresql):
    if len(sys.argv) == 1 or test.__name__[5:] in sys.argv[1:]:
        test()
finish()
