#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command as users run it: input of every kind, exit codes, counters, bad input."""
import gzip
import json

from harness import FOUNDING, check, finish, run_command, scratch

directory = scratch()
founding = FOUNDING.read_bytes()


def ids(result):
    return [json.loads(line)["id"] for line in result.stdout.splitlines()]


expected = ["defense:1haLqi-0002Mp-2G"]
result = run_command(FOUNDING)
check("a file gives its document", ids(result) == expected and result.returncode == 0, result)
check("standard input", ids(run_command(stdin=founding)) == expected)
check("- is standard input", ids(run_command("-", stdin=founding)) == expected)
(directory / "a.gz").write_bytes(gzip.compress(founding))
check("a gzip file", ids(run_command(directory / "a.gz")) == expected)
(directory / "cut.gz").write_bytes(gzip.compress(founding)[:-30])
result = run_command(directory / "cut.gz")
check("a cut gzip file: message, exit 1", result.returncode == 1 and b"cut.gz" in result.stderr, result)
result = run_command("--json=ecs", FOUNDING)
check("--json=ecs", json.loads(result.stdout)["event"]["id"] == expected[0], result)
result = run_command("--emit=message,delivery,dkim,scan", FOUNDING)
check("--emit", sorted(json.loads(line)["record"] for line in result.stdout.splitlines())
      == ["delivery", "dkim", "message", "scan"], result)
result = run_command("--counters=%s" % (directory / "counters"), FOUNDING)
counters = json.loads((directory / "counters").read_text())
check("--counters", (counters["lines"], counters["unknown_lines"], counters["documents"], counters["open_messages"])
      == (14, 0, 1, 0), counters)
result = run_command("--host=mx9", stdin=b"2026-11-24 17:36:44 1xVuRg-0001cr-22 <= a@b.test U=x P=local S=1\n")
document = json.loads(result.stdout)
check("open at the end of input: shutdown", document["end_reason"] == "shutdown" and document["final"] is True, document)
check("--host", document["id"].startswith("mx9:"), document)
check("--help", run_command("--help").returncode == 0 and b"--emit" in run_command("--help").stdout)
check("--version", run_command("--version").returncode == 0)

for option, words in (("--json=xml", (b"--json", b"xml", b"native")), ("--emit=x", (b"--emit", b"x", b"message")),
                      ("--nonsense", (b"nonsense",)), ("--timeout=-1", (b"--timeout", b"-1"))):
    result = run_command(option, FOUNDING)
    check("%s: exit 2, named" % option, result.returncode == 2 and all(word in result.stderr for word in words), result)
result = run_command(directory / "absent", FOUNDING)
check("an unreadable file: message, go on, exit 1",
      result.returncode == 1 and b"absent" in result.stderr and ids(result) == expected, result)
check("a directory", run_command(directory).returncode == 1)
check("an unwritable output", run_command("--output=/dev/full", FOUNDING).returncode == 1)

check("an empty file", run_command(stdin=b"").returncode == 0 and run_command(stdin=b"").stdout == b"")
garbage = bytes(range(256)) * 4000
result = run_command(stdin=garbage + b"\n" + founding)
check("binary garbage before a message", ids(result) == expected, result.stderr)
result = run_command(stdin=b"x" * 10_000_000 + b"\n" + founding)
check("a line of 10 MB", ids(result) == expected, result.stderr)
head = b"2019:06:10-11:04:40 defense exim-in[9103]: 2019-06-10 11:04:40 1haLqi-0002Mp-2G "
result = run_command(stdin=head + b"ctasd reports '" + b"y" * 10_000_000 + b"' RefID:\n" + founding)
check("a long line of a known kind", ids(result) == expected, result.stderr)
result = run_command(stdin=founding.replace(b"Statement", b"a\0b\xff\xc3 \xe2\x82"))
document = json.loads(result.stdout)
check("NUL and cut UTF-8 in a subject", document["subject"].startswith("a\0b\ufffd"), document)
result = run_command(stdin=founding.replace(b'"Statement"', b'"x" queueid="FAKE" size="1"'))
document = json.loads(result.stdout)
check("a subject that imitates keys", document["subject"] == 'x" queueid="FAKE" size="1'
      and document["queue_ids"][1] == "1haLql-0002Mh-MA" and document["scanned_size"] == 63168, document)
reply = founding.replace(b'C="250 2.6.0', b'C="250 1haLql-0002Mh-MA Completed')
check("a reply that says Completed", json.loads(run_command(stdin=reply).stdout)["status"] == "delivered")
check("the same log twice is the same documents", ids(run_command(FOUNDING, FOUNDING)) == expected)
check("no last line feed", ids(run_command(stdin=founding.rstrip(b"\n"))) == expected)
check("CR LF", ids(run_command(stdin=founding.replace(b"\n", b"\r\n"))) == expected)
finish()
