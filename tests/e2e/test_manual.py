#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manual: it names each option there is, each example of one is taken, each command of its pages does what it is
there for, and its links lead somewhere."""
import gzip
import os
import re
import subprocess

from harness import BUILD, FOUNDING, TOP, SyslogNg, check, finish, run_command, scratch, wait

PARSER, COMMAND = TOP / "modules/mailtrace/README.md", TOP / "modules/mailtrace-cli/README.md"
directory = scratch()


def rows(path):
    """the cells of the first table"""
    text = path.read_text()
    table = re.search(r"^\| option .*?\n\n", text, re.M | re.S).group()
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table.strip().splitlines()[2:]]


def blocks(path, language):
    return re.findall(r"^```%s\n(.*?)^```" % language, path.read_text(), re.M | re.S)


def heading(text):
    """as the usual viewers of Markdown make an anchor of it"""
    return re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-")


def check_links(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        name, _, anchor = target.partition("#")
        found = (path.parent / name) if name else path
        if re.match(r"https?:", target):
            continue
        check("%s: %s is there" % (path.relative_to(TOP), target), found.exists() and (not anchor or anchor in [
            heading(line.lstrip("# ")) for line in found.read_text().splitlines() if line.startswith("#")]))


def parser_options():
    keywords = re.findall(r'\{ "(\w+)", KW_MAILTRACE_', (TOP / "modules/mailtrace/mailtrace-parser.c").read_text())
    documented = [re.match(r"`([a-z-]+)\(\)`", row[0]).group(1) for row in rows(PARSER)]
    check("the manual has all options of mailtrace() and no others", sorted(documented)
          == sorted({word.replace("_", "-") for word in keywords} - {"mailtrace"} | {"persist-name", "template"}), documented)
    return [row[3].strip("`") for row in rows(PARSER)]


def check_parser(examples):
    """each in a parser of its own, all behind one source: one document each"""
    text = ["# SPDX-License-Identifier: LGPL-2.1-or-later", "@version: 3.38", '@include "scl.conf"',
            'source s { file("%s" flags(no-parse)); };' % (directory / "in.log")]
    for number, example in enumerate(examples):
        example = example.replace('"mail.journal"', '"mail-%d.journal"' % number)
        text.append('log { source(s); parser { mailtrace(%s %s); }; filter { tags("mailtrace"); }; destination { '
                    'file("%s/%d.ndjson" template("${MESSAGE}\\n")); }; };' % (
                        example, "" if "persist-name" in example else 'persist-name("p%d")' % number, directory, number))
    (directory / "manual.conf").write_text("\n".join(text) + "\n")
    (directory / "in.log").write_bytes(FOUNDING.read_bytes())
    server = SyslogNg(directory / "manual.conf", directory / "run").start()
    wait(lambda: server.counter("lines_by_role") >= 14 * len(examples))
    check("examples of options: clean exit", server.stop() == 0, server.messages()[-800:])
    for number, example in enumerate(examples):
        path = directory / ("%d.ndjson" % number)
        kept = "journal(" in example
        check("mailtrace(%s) is taken" % example, kept or (path.exists() and b"1haLq" in path.read_bytes()),
              server.messages()[-400:])


def shell(commands, where):
    environment = dict(os.environ, PATH="%s:%s" % (BUILD / "bin", os.environ["PATH"]))
    return subprocess.run(["bash", "-e", "-o", "pipefail", "-c", commands], cwd=where, env=environment, capture_output=True,
                          text=True, stdin=subprocess.DEVNULL)


def prepare(where):
    """the founding message in two days' files, and as the pages name their files"""
    raw = FOUNDING.read_bytes().splitlines(keepends=True)
    folder = where / "archive/2019/06"
    folder.mkdir(parents=True)
    (where / "mail.log").write_bytes(b"".join(raw))
    (where / "key.txt").write_text("0123456789abcdef\n")
    for name, part in (("mail-2026-06-29.log.gz", raw[:5]), ("mail-2026-06-30.log.gz", raw[5:9]),
                       ("mail-2026-07-01.log.gz", raw[9:]), ("archive/2019/06/smtp-2019-06-09.log.gz", raw[:9]),
                       ("archive/2019/06/smtp-2019-06-10.log.gz", raw[9:])):
        (where / name).write_bytes(gzip.compress(b"".join(part)))


def check_command():
    where = directory / "command"
    where.mkdir()
    prepare(where)
    told = run_command("--help").stdout
    told = set(re.findall(r"--[a-z-]+", told if isinstance(told, str) else told.decode()))
    documented = set(re.findall(r"--[a-z-]+", " ".join(row[0] for row in rows(COMMAND))))
    check("the manual has all options of the command and no others", documented == told, sorted(documented ^ told))
    for row in rows(COMMAND):
        example = row[2].strip("`")
        command = "mailtrace %s mail.log" % example
        if "--dump" in example:
            command = "mailtrace --quiet --journal=mail.journal -o dumped.ndjson mail.log; mailtrace %s" % example
        result = shell(command, where)
        check("mailtrace %s mail.log" % example, result.returncode == 0 and (result.stdout or "--output" in example
              or "--journal" in example), result.stderr[-400:])


def check_shell_blocks():
    for number, block in enumerate(blocks(COMMAND, "sh")):
        where = directory / ("block-%d" % number)
        where.mkdir()
        prepare(where)
        for before in blocks(COMMAND, "sh")[:number]:
            shell(before, where)
        result = shell(block, where)
        check("the manual's commands: %s ..." % block.splitlines()[0][:60], result.returncode == 0, result.stderr[-400:])
        for path in where.glob("*.ndjson"):
            check("%s has the founding message, whole" % path.name, b'"lines":14' in path.read_bytes())


for page in (TOP / "README.md", PARSER, COMMAND, TOP / "include/mailtrace/README.md", TOP / "scl/mailtrace/README.md",
             TOP / "examples/README.md", TOP / "tests/bench/README.md"):
    check_links(page)
check_parser(parser_options())
check_command()
check_shell_blocks()
finish()
