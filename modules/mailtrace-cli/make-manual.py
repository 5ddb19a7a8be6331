#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""usage: make-manual.py TEMPLATE COMMAND      the man page: the template with the options that COMMAND --help prints"""
import re
import subprocess
import sys

template, command = sys.argv[1:]


def run(option):
    return subprocess.run([command, option], capture_output=True, text=True, check=True).stdout


def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text)


def rows(help_text):
    block = help_text.split("\nOptions:\n")[1].split("\n\n")[0]
    for line in block.splitlines():
        names, meaning = re.fullmatch(r" +((?:-\w, )?--\S+) +(.+)", line).groups()
        yield names, meaning


def option(names, meaning):
    name, equals, argument = names.partition("=")
    shown = "\\fB%s\\fR" % roff(name).replace(", ", "\\fR, \\fB")
    if equals:
        shown += "=" + "\\fI%s\\fR" % roff(argument)
    return ".TP\n%s\n%s" % (shown, roff(meaning[0].upper() + meaning[1:] + "."))


options = "\n".join(option(*row) for row in rows(run("--help")))
page = open(template, encoding="utf-8").read()
print(page.replace("@OPTIONS@", options).replace("@VERSION@", run("--version").split()[-1]), end="")
