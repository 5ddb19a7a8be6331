#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The index templates of Elasticsearch and OpenSearch, examples/elasticsearch/mailtrace-*.json, made from fields.def; those of
documents of json(ecs), mailtrace-ecs-*.json, from ecs-derived.c, too.

index-templates.py --check DIRECTORY    exit 1 when a file of DIRECTORY differs
index-templates.py --write DIRECTORY    replaces them

No document can be rejected: a name that is not in the table is kept and not indexed, a value that does not fit its type is
kept and not indexed, a text that is too long is kept and not indexed as a word; arrays of records that have documents of
their own are kept only.
"""
import importlib.util
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
specification = importlib.util.spec_from_file_location("field_table", HERE / "field-table.py")
field_table = importlib.util.module_from_spec(specification)
specification.loader.exec_module(field_table)

DERIVATIONS = HERE.parents[1] / "modules/mailtrace-core/ecs-derived.c"
SHORT = {record: short for short, record in field_table.KINDS.items()}
KINDS = ("message", "session", "delivery", "dkim", "scan")
KEYWORD = {"type": "keyword", "ignore_above": 1024}
WORDS = dict(KEYWORD, fields={"text": {"type": "text"}})           # words of it can be searched
ADDRESS = dict(KEYWORD, fields={"ip": {"type": "ip", "ignore_malformed": True}})   # ranges: client.ip.ip:10.0.0.0/8
KEPT = {"type": "object", "enabled": False}
TYPES = {"text": KEYWORD, "list": KEYWORD, "boolean": {"type": "boolean"},
         "integer": {"type": "long", "ignore_malformed": True}, "decimal": {"type": "double", "ignore_malformed": True},
         "time": {"type": "date", "ignore_malformed": True, "format": "strict_date_optional_time"}}
IP = {"type": "ip", "ignore_malformed": True}
DERIVED = re.compile(r'\{ "([\w.]+)", F_\w+, ([\w |]+), \w+, _\w+ \}')
PROSE = {"subject", "warnings", "response", "error", "detail", "text", "raw"}


def mapping(inside, kind, rows):
    if kind == "records":
        return {"properties": properties("refusal", rows)} if inside == "refusals" else KEPT
    last = inside.split(".")[-1]
    return ADDRESS if last == "ip" or last == "local_ip" else WORDS if last in PROSE else TYPES[kind]


def put(root, path, value):
    *objects, last = path.split(".")
    for part in objects:
        root = root.setdefault(part, {"properties": {}})["properties"]
    root[last] = value


def rows_of(record, rows):
    """(name in the document, type, name in ECS)"""
    for name, kind, records, ecs, _ in rows:
        if record in records:
            yield name.split(".", 1)[1] if name.startswith(record + ".") else name, kind, ecs


def properties(record, rows):
    """nested like the document"""
    root = {}
    for inside, kind, _ in rows_of(record, rows):
        put(root, inside, mapping(inside, kind, rows))
    return root


def derived(record):
    """names of ECS whose values are made, not copied, of the fields that have them: these stay as they are below mailtrace"""
    for name, records in DERIVED.findall(DERIVATIONS.read_text(encoding="utf-8")):
        if records == "ALL" or SHORT[record] in records.split(" | "):
            yield name


def ecs_properties(record, rows):
    root, made = {"ecs": {"properties": {"version": KEYWORD}}}, set(derived(record))
    for inside, kind, ecs in rows_of(record, rows):
        put(root, "mailtrace." + inside if not ecs or ecs in made else ecs, mapping(inside, kind, rows))
    for name in sorted(made):
        put(root, name, IP if name.endswith(".ip") else KEYWORD)
    root["mailtrace"]["properties"].pop("record")
    return root


def template(name, record, mappings):
    return {"index_patterns": ["mailtrace-%s-*" % name], "priority": 250, "composed_of": ["mailtrace-settings"],
            "template": {"mappings": {"dynamic": False, "date_detection": False, "properties": mappings}},
            "_meta": {"description": "mailtrace: documents of the kind %s" % record}}


def templates(rows):
    for record in KINDS:
        yield record, template(record, record, properties(record, rows))
        yield "ecs-" + record, template("ecs-" + record, record, ecs_properties(record, rows))


def main(arguments):
    if len(arguments) != 2 or arguments[0] not in ("--check", "--write"):
        sys.exit(__doc__)
    rows = list(field_table.parse(field_table.DEFINITIONS.read_text(encoding="utf-8")))
    stale = 0
    for name, content in templates(rows):
        path = pathlib.Path(arguments[1]) / ("mailtrace-%s.json" % name)
        wanted = json.dumps(content, indent=1) + "\n"
        if arguments[0] == "--write":
            path.write_text(wanted, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != wanted:
            print("%s: stale; run tests/lint/index-templates.py --write %s" % (path, arguments[1]), file=sys.stderr)
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
