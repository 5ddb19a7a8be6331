#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The field table of the manual, made from fields.def.

field-table.py                  prints it
field-table.py --check FILE     exit 1 when the part of FILE between the two marks differs from it
field-table.py --write FILE     replaces that part
"""
import pathlib
import re
import sys

DEFINITIONS = pathlib.Path(__file__).resolve().parents[2] / "include/mailtrace/fields.def"
BEGIN, END = "<!-- fields:begin -->", "<!-- fields:end -->"
KINDS = {"LIN": "line", "MSG": "message", "SES": "session", "DLV": "delivery", "DKM": "dkim", "SCN": "scan",
         "REF": "refusal"}
TYPES = {"TEXT", "INTEGER", "DECIMAL", "BOOLEAN", "TIME", "LIST", "RECORDS"}
MERGES = {"FIRST", "LAST", "APPEND", "MAX", "SUM"}
ROW = re.compile(r'FIELD\((\w+), "([^"]*)", (\w+), (\w+), ([\w|]+), "([^"]*)", "([^"]*)"\)')


def parse(text):
    """rows of fields.def; a row that does not look like one is an error, not a gap in the manual"""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    for line in filter(None, map(str.strip, text.splitlines())):
        row = ROW.fullmatch(line)
        if not row:
            sys.exit(f"fields.def: not a row: {line}")
        _, name, kind, merge, records, ecs, description = row.groups()
        if kind not in TYPES or merge not in MERGES or not set(records.split("|")) <= set(KINDS):
            sys.exit(f"fields.def: unknown type, merge rule or record: {line}")
        yield name, kind.lower(), [KINDS[record] for record in records.split("|")], ecs, description


def cell(text):
    return text.replace("|", "\\|").replace("<", "&lt;")


def code(text):
    return f"`{text}`" if text else ""


def table(rows):
    lines = ["| name | type | in | ECS | meaning |", "|---|---|---|---|---|"]
    lines += [f"| {code(name)} | {kind} | {', '.join(records)} | {code(ecs)} | {cell(description)} |"
              for name, kind, records, ecs, description in rows]
    return "\n".join(lines)


def split(path):
    text = path.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        sys.exit(f"{path}: needs one {BEGIN} and one {END} behind it")
    before, rest = text.split(BEGIN)
    inside, behind = rest.split(END)
    return before, inside, behind


def main(arguments):
    wanted = table(parse(DEFINITIONS.read_text(encoding="utf-8")))
    if not arguments:
        print(wanted)
        return 0
    if len(arguments) != 2 or arguments[0] not in ("--check", "--write"):
        sys.exit(__doc__)
    path = pathlib.Path(arguments[1])
    before, inside, behind = split(path)
    if inside == f"\n{wanted}\n":
        return 0
    if arguments[0] == "--check":
        print(f"{path}: the field table is stale; run tests/lint/field-table.py --write {path}", file=sys.stderr)
        return 1
    path.write_text(f"{before}{BEGIN}\n{wanted}\n{END}{behind}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
