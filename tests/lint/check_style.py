#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Format and size: SPDX line, no tabs or trailing blanks, 120 columns, functions of at most 50 lines, files of at most
700, no banned calls, no word that ties the project to one machine.  The lab's scripts and logs keep the form they came in."""
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
BANNED = re.compile(r"\b(strcpy|strcat|sprintf|vsprintf|strtok|gets|atoi|atol|alloca|system|popen)\s*\(")
CODE = {".c", ".h", ".ym", ".sh", ".py", ".def", ".txt", ".conf", ".sql"}
ALLOWED_TOP = {"CMakeLists.txt", "README.md", "LICENSE", "modules", "include", "scl", "tests", "examples"}
MACHINE = re.compile(r"(^|[^A-Za-z])/(work|farm|home|root)/|deb\.debian|pypi\.org|npmjs")


def files():
    """what git knows or would add; without git, or in an unpacked archive, all files but those of builds"""
    try:
        names = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard"],
                               cwd=TOP, check=True, capture_output=True, text=True).stdout.split("\n")
    except (OSError, subprocess.CalledProcessError):
        names = [str(path.relative_to(TOP)) for path in TOP.rglob("*")]
        names = [name for name in names if not name.startswith((".git/", "build")) and "__pycache__" not in name]
    return [pathlib.Path(name) for name in names if name and (TOP / name).is_file()]


def check_text(path, text, bad):
    lines = text.split("\n")
    if not any("SPDX-License-Identifier: LGPL-2.1-or-later" in line for line in lines[:6]) and path.name != "packages.txt":
        bad.append("%s: no SPDX line" % path)
    for number, line in enumerate(lines, 1):
        if "\t" in line or line != line.rstrip():
            bad.append("%s:%d: tab or trailing blank" % (path, number))
        if len(line) > 120 and path.suffix in {".c", ".h"} and '"' not in line:
            bad.append("%s:%d: %d columns" % (path, number, len(line)))
        if BANNED.search(line) and path.suffix in {".c", ".h"}:
            bad.append("%s:%d: banned call" % (path, number))
        if MACHINE.search(line) and path.name != "check_style.py":
            bad.append("%s:%d: belongs to one machine" % (path, number))
    if len(lines) > 700 and path.suffix in {".c", ".h"}:
        bad.append("%s: %d lines" % (path, len(lines)))


def check_functions(path, text, bad):
    start = None
    for number, line in enumerate(text.split("\n"), 1):
        if line == "{":
            start = number
        elif line == "}" and start:
            if number - start - 1 > 50:
                bad.append("%s:%d: function of %d lines" % (path, start, number - start - 1))
            start = None


def main():
    bad = []
    for path in files():
        if path.parts[0] not in ALLOWED_TOP and not path.parts[0].startswith("."):
            bad.append("%s: not an agreed name at the top level" % path)
        if path.parts[:3] == ("tests", "lab", "lib") or path.suffix not in CODE:
            continue
        text = (TOP / path).read_text(encoding="utf-8")
        check_text(path, text, bad)
        if path.suffix == ".c":
            check_functions(path, text, bad)
    print("\n".join(bad))
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
