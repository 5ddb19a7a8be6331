# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tables of mailtrace-sql(), as rows of facts: those that a document has, those that SQLite or PostgreSQL holds."""
import importlib.util
import json
import sqlite3

from drill import TOP

specification = importlib.util.spec_from_file_location("sql", TOP / "tests/lint/sql-destination.py")
sql = importlib.util.module_from_spec(specification)
specification.loader.exec_module(sql)
TABLES, columns = sql.TABLES, sql.columns


def fact(document, column):
    for step in column[2]:
        document = document.get(step) if isinstance(document, dict) else None
    return document


def facts(record, document):
    """of a document, in the order of its table's columns"""
    return [fact(document, column) for column in columns(record)]


def sqlite_rows(path):
    """rows(table, columns) -> one list a row"""
    def rows(table, kinds):
        for row in database.execute("SELECT %s FROM %s" % (", ".join(c[0] for c in kinds), table)):
            yield [_from_sqlite(value, kind) for value, (_, kind, _) in zip(row, kinds)]
    database = sqlite3.connect(path)
    return rows


def _from_sqlite(value, kind):
    if value is None:
        return None
    return json.loads(value) if kind in ("list", "records") else bool(value) if kind == "boolean" else value


def postgresql_rows(server):
    def rows(table, kinds):
        names = ", ".join("to_char(%s AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS') AS %s" % (c[0], c[0]) if c[1] == "time"
                          else c[0] for c in kinds)
        for line, in server.query("SELECT row_to_json(t) FROM (SELECT %s FROM %s) t" % (names, table)):
            row = json.loads(line)
            yield [row[c[0]] + "+00:00" if c[1] == "time" and row[c[0]] else row[c[0]] for c in kinds]
    return rows
