# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names of fields, held against fields.def: those of documents, and columns of SQL."""
import pathlib
import re

TOP = pathlib.Path(__file__).resolve().parents[2]
ROW = re.compile(r'^FIELD\(\w+, "([^"]+)", (\w+), \w+, ([\w|]+),', re.M)
NESTED = {"delivery": "delivery.", "dkim": "dkim.", "scan": "scan."}
FLAGS = {"message": "MSG", "session": "SES", "delivery": "DLV", "dkim": "DKM", "scan": "SCN"}
TABLES = {"message": "messages", "session": "sessions", "delivery": "deliveries", "dkim": "dkim", "scan": "scans"}
DEFINED = {name: (kind, records.split("|")) for name, kind, records in ROW.findall(
    (TOP / "include/mailtrace/fields.def").read_text(encoding="utf-8"))}


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


def field_of(record, name):
    defined(record, name)
    return name


def kind_of(record, name):
    return defined(record, name)[0]


def column(record, name):
    defined(record, name)
    return name.replace(".", "_")
