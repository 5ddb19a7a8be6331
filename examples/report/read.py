# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where documents come from: files of NDJSON, standard input, a SQLite or PostgreSQL database.  Every source gives messages
and sessions as mailtrace writes them, of each id the highest revision only."""
import csv
import gzip
import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

HEAD = re.compile(rb'\{"record":"(\w+)","id":"((?:[^"\\]|\\.)*)",(?:"message":"(?:[^"\\]|\\.)*",)?"revision":(\d+)')
KINDS = ("message", "session")
NESTED = (("tls_in_", ("tls", "in")), ("tls_out_", ("tls", "out")), ("tls_", ("tls",)), ("client_", ("client",)),
          ("spam_", ("spam",)), ("seconds_", ("seconds",)))
LISTS = {"queue_ids", "recipients", "recipient_domains", "missing"}
RECORDS = {"refusals"}
BOOLEANS = {"final", "fake_reject", "arc", "dkim_aligned", "aligned", "encrypted_in", "encrypted_out", "forward_secrecy", "aead",
            "resumed", "verified", "dnssec", "cached", "reused"}   # 1 and 0 in SQLite


class ReadError(Exception):
    pass


def open_source(names, progress):
    if len(names) == 1 and names[0].startswith(("postgresql://", "postgres://")):
        return DatabaseSource(Postgres(names[0]), progress)
    if len(names) == 1 and _is_sqlite(names[0]):
        return DatabaseSource(Sqlite(names[0]), progress)
    return FileSource(names, progress)


def _is_sqlite(name):
    try:
        with open(name, "rb") as stream:
            return stream.read(16) == b"SQLite format 3\0"
    except OSError:
        return False


class FileSource:
    """Reads twice: which revision of an id is the highest is known at the end only."""
    times = "as logged"

    def __init__(self, names, progress):
        self.progress = progress
        self.superseded = self.other_documents = self.no_documents = 0
        self.inputs = []
        self.paths = [self._spool() if name == "-" else name for name in names]
        self.names = ["standard input" if name == "-" else name for name in names]
        self.total = sum(self._size(path) for path in self.paths)
        self.done = 0

    @staticmethod
    def _spool():
        spool = tempfile.NamedTemporaryFile(prefix="mailtrace-report-", suffix=".ndjson")
        shutil.copyfileobj(sys.stdin.buffer, spool)
        spool.flush()
        FileSource.spool = spool
        return spool.name

    @staticmethod
    def _size(path):
        try:
            return os.stat(path).st_size
        except OSError as error:
            raise ReadError("%s: %s" % (path, error.strerror)) from error

    def _lines(self, path, part):
        before = self.done
        try:
            with open(path, "rb") as raw:
                magic = raw.read(2)
                raw.seek(0)
                for count, line in enumerate(gzip.GzipFile(fileobj=raw) if magic == b"\x1f\x8b" else raw):
                    yield line
                    if count % 4096 == 0:
                        self.progress(part, before + raw.tell(), self.total)
        except (OSError, EOFError) as error:
            raise ReadError("%s: %s" % (path, getattr(error, "strerror", None) or error)) from error
        self.done = before + self._size(path)

    def _heads(self):
        """(record, id, revision) of each line, None for what is no document"""
        self.done = 0
        for path, name in zip(self.paths, self.names):
            count, digest = 0, hashlib.sha256()
            for line in self._lines(path, "looking for the last revisions"):
                count += 1
                digest.update(line)
                yield self._head(line)
            self.inputs.append({"name": name, "lines": count, "sha256": digest.hexdigest()})

    def _head(self, line):
        match = HEAD.match(line)
        if match and line.rstrip().endswith(b"}"):
            return match[1].decode(), match[2], int(match[3])
        try:
            document = json.loads(line)
            return document["record"], json.dumps(document["id"]).encode()[1:-1], int(document["revision"])
        except (ValueError, KeyError, TypeError):
            if b'"event.dataset"' in line or b'"event":{' in line:
                raise ReadError("these are documents of json(ecs); the report reads json(native)")
            self.no_documents += line.strip() != b""
            return None

    def __iter__(self):
        newest = {}
        for number, head in enumerate(self._heads()):
            if head is None:
                continue
            record, key, revision = head
            if record not in KINDS:
                self.other_documents += 1
                continue
            rank = revision << 40 | number
            if key in newest:
                self.superseded += 1
            newest[key] = max(rank, newest.get(key, 0))
        if not newest:
            return
        chosen = bytearray(number // 8 + 1)
        for rank in newest.values():
            place = rank & (1 << 40) - 1
            chosen[place >> 3] |= 1 << (place & 7)
        newest.clear()
        yield from self._chosen(chosen)

    def _chosen(self, chosen):
        number = self.done = 0
        for path in self.paths:
            for line in self._lines(path, "reading"):
                if chosen[number >> 3] >> (number & 7) & 1:
                    try:
                        yield json.loads(line.decode("utf-8", "replace"))
                    except ValueError:
                        self.no_documents += 1
                number += 1


class DatabaseSource:
    """The tables of the SQL destination, joined by message in the order of its id."""

    def __init__(self, database, progress):
        self.database, self.progress, self.times = database, progress, database.times
        self.superseded = self.other_documents = self.no_documents = 0
        self.inputs = [{"name": database.name, "lines": None, "sha256": None}]

    def __iter__(self):
        total = self.database.count("messages") + self.database.count("sessions")
        self.inputs[0]["lines"] = total
        parts = {key: Children(self.database.rows(table, "message"))
                 for key, table in (("deliveries", "deliveries"), ("dkim", "dkim"))}
        number = 0
        for row in self.database.rows("messages", "id"):
            document = _document(row, "message")
            for key, children in parts.items():
                document[key] = [_document(child, key) for child in children.of(row["id"])]
            yield document
            number += 1
            if number % 1024 == 0:
                self.progress("reading", number, total)
        for row in self.database.rows("sessions", "id"):
            yield _document(row, "session")


class Children:
    """rows of a table that is sorted by message, taken message by message"""

    def __init__(self, rows):
        self.rows = iter(rows)
        self.next = next(self.rows, None)

    def of(self, message):
        found = []
        while self.next is not None and self.next["message"] <= message:
            if self.next["message"] == message:
                found.append(self.next)
            self.next = next(self.rows, None)
        return found


def _document(row, record):
    document = {"record": record}
    for column, value in row.items():
        if value is None:
            continue
        target, name = document, column
        for prefix, path in NESTED:
            if column.startswith(prefix):
                name = column[len(prefix):]
                for part in path:
                    target = target.setdefault(part, {})
                break
        target[name] = _value(name, value)
    return document


def _value(name, value):
    if value in ("true", "false"):
        return value == "true"
    if name in BOOLEANS and isinstance(value, int):
        return bool(value)
    if name in LISTS and isinstance(value, str):
        return json.loads(value) if value.startswith("[") else next(csv.reader([value.strip("{}")], escapechar="\\"), [])
    if name in RECORDS and isinstance(value, str):
        return json.loads(value)
    return value


class Sqlite:
    times = "as logged"

    def __init__(self, path):
        self.name = path
        self.connection = sqlite3.connect("file:%s?mode=ro" % re.sub(r"[%?#]", lambda c: "%%%02x" % ord(c[0]), path), uri=True)
        self.connection.text_factory = lambda text: text.decode("utf-8", "replace")
        self.tables = {name for name, in self.connection.execute("SELECT name FROM sqlite_master")}
        _require(self)

    def count(self, table):
        return self.connection.execute("SELECT count(*) FROM " + table).fetchone()[0] if table in self.tables else 0

    def rows(self, table, order):
        if table not in self.tables:
            return
        cursor = self.connection.execute("SELECT * FROM %s ORDER BY %s" % (table, order))
        names = [column[0] for column in cursor.description]
        for row in cursor:
            yield dict(zip(names, row))


class Postgres:
    """by psql, which every PostgreSQL has, and which knows ~/.pgpass and PGPASSWORD"""
    times = "in the time zone of the database session (PGTZ)"

    def __init__(self, url):
        self.url, self.name = url, re.sub(r"//([^:/@]*):[^@]*@", r"//\1@", url)
        if shutil.which("psql") is None:
            raise ReadError("psql is missing: install it (Debian: apt-get install postgresql-client)")
        self.tables = set(self._lines("SELECT table_name FROM information_schema.tables WHERE table_schema = "
                                      "ANY(current_schemas(false))"))
        _require(self)

    def _lines(self, query):
        process = subprocess.Popen(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-v", "FETCH_COUNT=2000", self.url],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   encoding="utf-8")
        process.stdin.write(query + ";\n")
        process.stdin.close()
        for line in process.stdout:
            yield line.rstrip("\n")
        problem = process.stderr.read().strip()
        if process.wait() != 0:
            raise ReadError("%s: %s" % (self.name, problem.splitlines()[0] if problem else "psql failed"))

    def count(self, table):
        return int(next(self._lines("SELECT count(*) FROM " + table))) if table in self.tables else 0

    def rows(self, table, order):
        if table in self.tables:
            for line in self._lines('SELECT row_to_json(t) FROM %s t ORDER BY %s COLLATE "C"' % (table, order)):
                yield json.loads(line)


def _require(database):
    if "messages" not in database.tables:
        raise ReadError("%s has no table messages: it is not a database of mailtrace" % database.name)
