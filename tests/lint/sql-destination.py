#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The SQL destination scl/mailtrace/sql.conf, its tables made from fields.def.

sql-destination.py                  prints it
sql-destination.py --check FILE     exit 1 when FILE differs from it
sql-destination.py --write FILE     replaces it
"""
import importlib.util
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
specification = importlib.util.spec_from_file_location("field_table", HERE / "field-table.py")
field_table = importlib.util.module_from_spec(specification)
specification.loader.exec_module(field_table)

TABLES = (("messages", "message"), ("deliveries", "delivery"), ("dkim", "dkim"), ("scans", "scan"), ("sessions", "session"))
ELSEWHERE = {"record", "dkim", "scans", "deliveries"}   # told by the table; tables of their own
INDEXES = {"messages": ("received", "message_id", "sender_domain"), "deliveries": ("message", "received", "domain"),
           "dkim": ("message", "domain"), "scans": ("message",), "sessions": ("received", "client_ip")}
SQLITE = {"integer": "integer", "decimal": "real", "boolean": "integer"}
POSTGRESQL = {"integer": "bigint", "decimal": "double precision", "boolean": "boolean", "time": "timestamptz",
              "list": "jsonb", "records": "jsonb"}

WITHOUT_NUL = "replace(replace(NEW.document, '\\\\', '\\u005c'), '\\u0000', '\\ufffd')"   # \\\\ first: behind it u0000 is text

HEAD = """# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Documents in SQL tables: messages, deliveries, dkim, scans, sessions.  Made by tests/lint/sql-destination.py from
# fields.def: change that.
#
# syslog-ng inserts each document, one JSON text, into the view or table of its kind, mailtrace_message, mailtrace_delivery,
# ...; the trigger there spreads it over the columns of messages, deliveries, ...  The same id replaces its row unless that has a higher revision.  Absent facts are NULL, lists
# are JSON arrays.  What PostgreSQL cannot store as it is goes to mailtrace_rejected with the reason, so that no document
# is tried for ever; everything else is tried until it succeeds.

block destination mailtrace-sql(type(sqlite3) ...) {
  # type(`type`): it is sqlite3 or pgsql, without quotes
  mailtrace-sql-`type`(`__VARARGS__`);
};
"""

BLOCK = """
block destination mailtrace-sql-%(type)s(%(options)s prefix("mailtrace.")
  batch-lines(1000) batch-timeout(500) time-reopen(10)
  buffer(disk-buffer(reliable(yes) disk-buf-size(1073741824) mem-buf-size(33554432)))
  ...) {
  channel {
    filter { tags("mailtrace"); };
    destination {
@requires afsql "mailtrace-sql() needs the syslog-ng module for SQL: the package syslog-ng-mod-sql (Debian) or syslog-ng-libdbi (RHEL)"
      sql(
        type(%(type)s) %(connection)s
        table("mailtrace_${`prefix`record}") columns("document") values("${MESSAGE}")
        flags(explicit-commits, dont-create-tables)
        batch-lines(`batch-lines`) batch-timeout(`batch-timeout`) time-reopen(`time-reopen`) retries(1000000)
        session-statements(
%(statements)s)
        `buffer`
        `__VARARGS__`
      );
    };
  };
};
"""


def columns(record):
    """(column, type, path in the document) of one kind of document"""
    for name, kind, records, _, _ in field_table.parse(field_table.DEFINITIONS.read_text(encoding="utf-8")):
        inside = name.split(".", 1)[1] if name.startswith(record + ".") else name
        if record in records and inside not in (ELSEWHERE if record == "message" else {"record"}):
            yield inside.replace(".", "_"), kind, inside.split(".")


def create_table(table, record, types):
    rows = ["%s %s%s" % (column, types.get(kind, "text"), " primary key" if column == "id" else "")
            for column, kind, _ in columns(record)]
    return "CREATE TABLE IF NOT EXISTS %s (%s)" % (table, ", ".join(rows))


def create_indexes(table):
    for column in INDEXES[table]:
        yield "CREATE INDEX IF NOT EXISTS %s_%s ON %s (%s)" % (table, column, table, column)


def sqlite_trigger(table, record):
    names = [column for column, _, _ in columns(record)]
    values = ["json_extract(d, '$.%s')" % ".".join(path) for _, _, path in columns(record)]
    return ("CREATE TRIGGER IF NOT EXISTS mailtrace_store_%s INSTEAD OF INSERT ON mailtrace_%s "
            "BEGIN INSERT OR REPLACE INTO %s (%s) SELECT %s FROM (SELECT %s AS d) "
            "WHERE NOT EXISTS (SELECT 1 FROM %s WHERE id = json_extract(d, '$.id') "
            "AND revision > json_extract(d, '$.revision')); END"
            % (table, record, table, ", ".join(names), ", ".join(values), WITHOUT_NUL, table))


def sqlite_statements():
    for table, record in TABLES:
        yield create_table(table, record, SQLITE)
        yield from create_indexes(table)
        yield "CREATE VIEW IF NOT EXISTS mailtrace_%s AS SELECT '' AS document" % record
        yield sqlite_trigger(table, record)


def postgresql_value(kind, path):
    steps = ",".join(path)
    if kind in ("list", "records"):
        return "d #> '{%s}'" % steps
    cast = POSTGRESQL.get(kind)
    return "(d #>> '{%s}')%s" % (steps, "::" + cast if cast else "")


def postgresql_upsert(table, record):
    names = [column for column, _, _ in columns(record)]
    values = [postgresql_value(kind, path) for _, kind, path in columns(record)]
    others = [name for name in names if name != "id"]
    return ("INSERT INTO %s AS t (%s) VALUES (%s) ON CONFLICT (id) DO UPDATE SET (%s) = (%s) "
            "WHERE t.revision <= EXCLUDED.revision;"
            % (table, ", ".join(names), ", ".join(values), ", ".join(others),
               ", ".join("EXCLUDED." + name for name in others)))


def postgresql_function(table, record):
    return ("CREATE OR REPLACE FUNCTION mailtrace_store_%s() RETURNS trigger LANGUAGE plpgsql AS $$\n"
            "DECLARE d jsonb;\n"
            "BEGIN\n"
            "d := %s::jsonb;\n"
            "%s\n"
            "RETURN NULL;\n"
            "EXCEPTION WHEN data_exception OR program_limit_exceeded THEN\n"
            "INSERT INTO mailtrace_rejected (id, reason, document)\n"
            "VALUES (md5(NEW.document), SQLERRM, NEW.document) ON CONFLICT DO NOTHING;\n"
            "RETURN NULL;\n"
            "END $$" % (record, WITHOUT_NUL, postgresql_upsert(table, record)))


def postgresql_trigger(record):
    return ("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'mailtrace_store' "
            "AND tgrelid = 'mailtrace_%s'::regclass) THEN CREATE TRIGGER mailtrace_store BEFORE INSERT ON mailtrace_%s "
            "FOR EACH ROW EXECUTE PROCEDURE mailtrace_store_%s(); END IF; END $$" % (record, record, record))


def postgresql_statements():
    yield "CREATE TABLE IF NOT EXISTS mailtrace_rejected (id text primary key, reason text, document text)"
    for table, record in TABLES:
        yield create_table(table, record, POSTGRESQL)
        yield from create_indexes(table)
        yield "CREATE TABLE IF NOT EXISTS mailtrace_%s (document text)" % record
        yield postgresql_function(table, record)
        yield postgresql_trigger(record)


def quoted(statements):
    return "\n".join('          "%s"' % statement.replace("\\", "\\\\") for statement in statements)


def destination():
    yield HEAD
    yield BLOCK % {"type": "sqlite3", "options": 'database("/var/lib/syslog-ng/mailtrace.db")',
                   "connection": "database(`database`) dbd-option(\"sqlite3_timeout\" 60000) dbd-option(\"timeout\" 60)",
                   "statements": quoted(sqlite_statements())}
    yield BLOCK % {"type": "pgsql", "options": 'database("mailtrace")', "connection": "database(`database`)",
                   "statements": quoted(postgresql_statements())}


def main(arguments):
    wanted = "".join(destination())
    if not arguments:
        print(wanted, end="")
        return 0
    if len(arguments) != 2 or arguments[0] not in ("--check", "--write"):
        sys.exit(__doc__)
    path = pathlib.Path(arguments[1])
    if arguments[0] == "--write":
        path.write_text(wanted, encoding="utf-8")
    elif not path.exists() or path.read_text(encoding="utf-8") != wanted:
        print("%s: stale; run tests/lint/sql-destination.py --write %s" % (path, path), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
