# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names of fields in each product, from fields.def: native ones, those of json(ecs), columns of SQL."""
import pathlib
import re

TOP = pathlib.Path(__file__).resolve().parents[2]
ROW = re.compile(r'^FIELD\(\w+, "([^"]+)", (\w+), \w+, ([\w|]+), "([^"]*)"', re.M)
NESTED = {"delivery": "delivery.", "dkim": "dkim.", "scan": "scan."}
FLAGS = {"message": "MSG", "session": "SES", "delivery": "DLV", "dkim": "DKM", "scan": "SCN"}
TABLES = {"message": "messages", "session": "sessions", "delivery": "deliveries", "dkim": "dkim", "scan": "scans"}
DEFINED = {name: (kind, records.split("|"), ecs) for name, kind, records, ecs in ROW.findall(
    (TOP / "include/mailtrace/fields.def").read_text(encoding="utf-8"))}
TIMES = {"received": "@timestamp"}


def defined(record, name):
    """the row of fields.def of a field as it is named in documents of a record"""
    if name.startswith("refusals."):
        row, flag = DEFINED.get(name.replace("refusals.", "refusal.")), "REF"
    else:
        row, flag = DEFINED.get(NESTED.get(record, "") + name), FLAGS[record]
        if row is None or flag not in row[1]:
            row = DEFINED.get(name)
    if row is None or flag not in row[1]:
        raise SystemExit("no field %s in documents of kind %s" % (name, record))
    return row


def ecs(record, name):
    if name.startswith("refusals."):
        defined(record, name)
        return "mailtrace." + name
    kind, _, ecs_name = defined(record, name)
    return TIMES.get(name) or ecs_name or "mailtrace." + name


def kind_of(record, name):
    return defined(record, name)[0]


def column(record, name):
    defined(record, name)
    return name.replace(".", "_")
