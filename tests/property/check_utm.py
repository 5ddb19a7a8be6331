#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares documents with the truth table of the generator.  usage: check_utm.py TRUTH DOCUMENTS

Each row of the truth: kind, first queue id, last queue id, recipients, signatures, lines.  Every message must have
exactly one document that says the same; every refused or empty connection a session document.
"""
import json
import sys

STATUS = {"passed": "delivered", "quarantined": "quarantined", "requeued": "delivered", "sandboxed": "delivered"}


def differences(kind, last, recipients, signatures, lines, document):
    expected = {"lines": lines, "dkim_count": signatures, "recipients": recipients}
    found = {"lines": document["lines"], "dkim_count": document.get("dkim_count", 0),
             "recipients": len(document.get("recipients", []))}
    if kind in STATUS:
        expected["status"], found["status"] = STATUS[kind], document["status"]
    elif kind == "bounced":
        expected["status"] = "failed" if recipients == 1 else "partial"
        found["status"] = document["status"]
    expected["last"], found["last"] = last, document["queue_ids"][-1]
    return [(name, expected[name], found[name]) for name in expected if expected[name] != found[name]]


def main(truth_path, documents_path):
    messages, sessions = {}, 0
    with open(documents_path, encoding="utf-8") as stream:
        for text in stream:
            document = json.loads(text)
            if document["record"] == "message":
                messages.setdefault(document["queue_ids"][0], []).append(document)
            else:
                sessions += 1
    wrong = rows = without_id = 0
    with open(truth_path, encoding="utf-8") as stream:
        for row in stream:
            kind, first, last, recipients, signatures, lines = row.rstrip("\n").split("\t")
            rows += 1
            if first == "-":
                without_id += 1
                continue
            found = messages.get(first, [])
            bad = differences(kind, last, int(recipients), int(signatures), int(lines), found[0]) if len(found) == 1 \
                else [("documents", 1, len(found))]
            if bad:
                wrong += 1
                if wrong <= 10:
                    print("  ", kind, first, bad)
    print("%d messages, %d wrong; %d connections without a message, %d session documents"
          % (rows - without_id, wrong, without_id, sessions))
    return wrong > 0 or sessions != without_id


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
