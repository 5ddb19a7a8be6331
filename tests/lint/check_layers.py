#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A public header includes only headers of its own layer or below."""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
ORDER = ["slice", "stamp", "queue_id", "field", "frame", "line", "record", "summary", "document", "tracker"]


def main():
    bad = []
    for header in sorted((TOP / "include/mailtrace").glob("*.h")):
        if header.stem not in ORDER:
            bad.append("%s: not in the order of layers" % header.name)
            continue
        for included in re.findall(r'#include "mailtrace/(\w+)\.h"', header.read_text()):
            if ORDER.index(included) >= ORDER.index(header.stem):
                bad.append("%s includes %s, which is above it" % (header.name, included))
    print("\n".join(bad))
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
