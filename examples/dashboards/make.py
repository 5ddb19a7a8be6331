#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the dashboards of every product from panels.py.   usage: make.py [--check]   says what is stale, changes nothing"""
import pathlib
import sys

from grafana import grafana
from search import saved_objects
from splunk import splunk_files

HERE = pathlib.Path(__file__).resolve().parent


def outputs():
    for product in ("kibana", "opensearch-dashboards"):
        yield product + ".ndjson", saved_objects(product)
    for database in ("sqlite", "postgresql"):
        yield "grafana-%s.json" % database, grafana(database)
    yield from splunk_files()


def main():
    stale = []
    for name, text in outputs():
        path = HERE / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    if stale:
        print("\n".join(("stale, run examples/dashboards/make.py: " if "--check" in sys.argv else "written: ") + name for name in stale))
    return bool(stale) and "--check" in sys.argv


if __name__ == "__main__":
    sys.exit(main())
