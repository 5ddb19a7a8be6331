#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""--confirm of the command: what rsyslog's omprog with confirmMessages="on" sees."""
import json
import os
import random
import select
import subprocess
import time

from harness import COMMAND, FOUNDING, check, comparable, documents, finish, run_command, scratch

seed = int(os.environ.get("SEED", time.time()))
print("SEED=%d" % seed)
draw = random.Random(seed)
directory = scratch()
founding = FOUNDING.read_bytes()
lines = founding.splitlines(keepends=True)
expected = {"defense:1haLqi-0002Mp-2G": comparable(json.loads(run_command(FOUNDING).stdout))}


class Program:
    """the command as omprog runs it: a line in, an answer out"""

    def __init__(self, *options, stderr=subprocess.PIPE):
        self.process = subprocess.Popen([COMMAND, "--confirm", *map(str, options)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=stderr, bufsize=0)

    def answer(self):
        text = b""
        while not text.endswith(b"\n") and select.select([self.process.stdout], [], [], 10)[0]:
            byte = self.process.stdout.read(1)
            if not byte:
                break
            text += byte
        return text

    def say(self, line):
        self.process.stdin.write(line)
        return self.answer()

    def close(self):
        """what omprog does at its end: the program sees the end of its input"""
        rest, errors = self.process.communicate(timeout=30)
        return rest, errors, self.process.returncode


def newest(path):
    return {name: comparable(document) for name, document in documents(path).items()}


journal, output = directory / "journal", directory / "out.ndjson"
options = ("--journal=%s" % journal, "--output=%s" % output)
program = Program(*options)
check("OK before any line", program.answer() == b"OK\n")
answers = [program.say(line) for line in lines]
check("OK behind each line", answers == [b"OK\n"] * len(lines), answers)
check("a document is written before the line that completed it is confirmed", newest(output) == expected)
check("OK behind lines that are no log lines", [program.say(line) for line in (b"\n", b"garbage \xff\0\n", b"x" * 100000 + b"\n")]
      == [b"OK\n"] * 3)
rest, errors, code = program.close()
check("the end of the input ends it, silently", rest == b"" and code == 0, (rest, errors, code))

for number in range(20):
    journal, output = directory / ("journal-%d" % number), directory / ("out-%d" % number)
    options = ("--journal=%s" % journal, "--output=%s" % output)
    confirmed = 0
    while confirmed < len(lines):
        program = Program(*options)
        program.answer()
        for _ in range(draw.randrange(1, 8)):
            if confirmed < len(lines) and program.say(lines[confirmed]) == b"OK\n":
                confirmed += 1
        if confirmed < len(lines) and draw.random() < 0.5:
            program.process.stdin.write(lines[confirmed])
        program.process.kill()
        program.close()
    if newest(output) != expected:
        check("killed between lines, the confirmed ones never sent again", False, (newest(output), number))
check("killed anywhere: what was confirmed is not lost", True)

program = Program("--journal=%s" % (directory / "j2"), "--output=/dev/full")
check("a full output: ready", program.answer() == b"OK\n")
answers = [program.say(line) for line in lines[:-1]]
last = program.say(lines[-1])
rest, errors, code = program.close()
check("... a line whose document cannot be written is not confirmed, but told why",
      last not in (b"OK\n", b"") and b"space" in last, (answers, last))
check("... and the program ends with 1", code == 1 and b"/dev/full" in errors, (errors, code))
output = directory / "later"
program = Program("--journal=%s" % (directory / "j2"), "--output=%s" % output)
check("started again with room: its document comes before the first OK", program.answer() == b"OK\n"
      and newest(output) == expected)
program.close()

program = Program("--journal=%s" % (directory / "absent/journal"), "--output=%s" % output)
rest, errors, code = program.close()
check("a journal that cannot be used: never ready", rest == b"" and code == 1 and b"--journal" in errors, (rest, errors, code))
program = Program("--journal=%s" % (directory / "j3"), "--output=%s" % (directory / "absent/out"))
rest, errors, code = program.close()
check("an output that cannot be used: never ready", rest == b"" and code == 1, (rest, errors, code))

first = Program("--journal=%s" % (directory / "j4"), "--output=%s" % (directory / "o4"))
first.answer()
second = Program("--journal=%s" % (directory / "j4"), "--output=%s" % (directory / "o4"))
rest, errors, code = second.close()
check("a second instance on the same journal: never ready", rest == b"" and code == 1 and b"in use" in errors, errors)
first.close()

output = directory / "plain"
for _ in range(2):
    program = Program("--output=%s" % output)
    check("without a journal: ready", program.answer() == b"OK\n")
    answers = [program.say(line) for line in lines]
    program.close()
    check("... each line confirmed", answers == [b"OK\n"] * len(lines), answers)
check("... and the output is appended to, since omprog may start it again", output.read_bytes().count(b"\n") == 2
      and newest(output) == expected)

program = Program(*("--journal=%s" % (directory / "j5"), "--output=%s" % (directory / "o5")))
program.answer()
program.process.stdout.close()
program.process.stdin.write(lines[0])
program.process.stdin.close()
check("a reader that goes away ends it", program.process.wait(30) == 1)
finish()
