#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The names and types of the Elastic Common Schema, from the types that npm's package @elastic/ecs generates.

usage: ecs-fields.py PACKAGE_DIRECTORY > tests/data/ecs-fields.txt
PACKAGE_DIRECTORY is what `npm pack @elastic/ecs@VERSION` and tar give.  One line a field: name, blank, type.
"""
import json
import pathlib
import re
import sys

FIELD = re.compile(r"^(\s*)'?([@\w]+)'?\??: (.*)$")


def fields(path):
    """(dotted name, type) of one generated interface; nested objects open with a brace"""
    name = None
    stack = []
    for line in re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S).splitlines():
        interface = re.match(r"export interface Ecs(\w+) {", line)
        match = FIELD.match(line)
        if interface and name is None:
            name = path.stem
        elif name is None:
            continue
        elif match and match.group(3) == "{":
            stack.append(match.group(2))
        elif match:
            prefix = [] if path.stem == "base" else [path.stem]
            yield ".".join(prefix + stack + [match.group(2)]), match.group(3).rstrip(";")
        elif line.strip() in ("};", "}"):
            if not stack:
                return
            stack.pop()


def main(directory):
    package = pathlib.Path(directory)
    version = json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]
    print("# SPDX-License-Identifier: LGPL-2.1-or-later")
    print("# names and types of @elastic/ecs %s, made by tests/lint/ecs-fields.py" % version)
    found = {}
    for path in sorted((package / "generated").glob("*.ts")):
        if path.stem != "index" and not path.name.endswith(".d.ts"):
            found.update(fields(path))
    for name in sorted(found):
        print(name, found[name])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
