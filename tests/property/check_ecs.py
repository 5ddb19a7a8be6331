#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every field of --json=ecs documents outside "mailtrace" is one of the Elastic Common Schema, and of its type.

usage: check_ecs.py tests/data/ecs-fields.txt DOCUMENTS.ndjson
"""
import collections
import ipaddress
import json
import re
import sys

ALLOWED = {"event.kind": {"event"}, "event.category": {"email"}, "event.type": {"info", "allowed", "denied"},
           "event.outcome": {"success", "failure", "unknown"},
           "email.direction": {"inbound", "outbound", "internal", "unknown"}}
IPS = {"source.ip", "destination.ip"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")
TIMES = {"@timestamp", "event.start", "event.end"}
NEEDED = ("@timestamp", "ecs.version", "event.kind", "event.category", "event.type", "event.dataset", "event.id")


def leaves(value, name=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, name + "." + key if name else key)
    else:
        yield name, value


def is_of(value, kind):
    if kind.startswith("'"):
        return value == kind.strip("'")
    for one in kind.split(" | "):
        if one == "string" and isinstance(value, str):
            return True
        if one == "number" and isinstance(value, (int, float)) and not isinstance(value, bool):
            return True
        if one == "boolean" and isinstance(value, bool):
            return True
        if one == "Array<string>" and isinstance(value, list) and all(isinstance(item, str) for item in value):
            return True
    return False


def problem(name, value, kinds):
    if name not in kinds:
        return "no field of ECS"
    if not is_of(value, kinds[name]):
        return "%r is not %s" % (value, kinds[name])
    if name in ALLOWED and not set(value if isinstance(value, list) else [value]) <= ALLOWED[name]:
        return "%r is not allowed" % value
    if name in TIMES and not TIME.match(value):
        return "%r is no time" % value
    if name in IPS:
        try:
            ipaddress.ip_address(value)
        except ValueError:
            return "%r is no IP address" % value
    return None


def main(fields, documents):
    with open(fields, encoding="utf-8") as stream:
        kinds = dict(line.rstrip("\n").split(" ", 1) for line in stream if not line.startswith("#"))
    bad, seen = collections.Counter(), collections.Counter()
    for line in open(documents, encoding="utf-8"):
        document = json.loads(line)
        document.pop("mailtrace", None)
        found = dict(leaves(document))
        for name in NEEDED:
            if name not in found:
                bad["%s: absent" % name] += 1
        for name, value in found.items():
            seen[name] += 1
            what = problem(name, value, kinds)
            if what:
                bad["%s: %s" % (name, what)] += 1
    for what, count in bad.most_common(30):
        print(count, what)
    print("%d fields of ECS in use, %d bad" % (len(seen), len(bad)))
    return bool(bad) or len(seen) < 20


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
