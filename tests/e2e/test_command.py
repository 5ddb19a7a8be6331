#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command as users run it: input of every kind, exit codes, counters, bad input."""
import gzip
import json
import os
import subprocess

from harness import COMMAND, FOUNDING, check, finish, run_command, scratch

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
for name, position in (("its body", len(gzip.compress(founding)) // 2), ("its checksum", -6)):
    damaged = bytearray(gzip.compress(founding))
    damaged[position] ^= 0x55
    (directory / "damaged.gz").write_bytes(bytes(damaged))
    result = run_command(directory / "damaged.gz")
    check("a gzip file with damage in %s: message, exit 1" % name,
          result.returncode == 1 and b"damaged.gz" in result.stderr, result)
(directory / "two.gz").write_bytes(gzip.compress(founding[:1000]) + gzip.compress(founding[1000:]))
check("a gzip file of two members", ids(run_command(directory / "two.gz")) == expected)
(directory / "empty.gz").write_bytes(gzip.compress(b""))
check("a gzip file of nothing", run_command(directory / "empty.gz").returncode == 0)
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
if os.geteuid() == 0:
    directory.chmod(0o755)
    (directory / "secret").write_bytes(founding)
    (directory / "secret").chmod(0o600)
    program = directory / "mailtrace"
    program.write_bytes(open(COMMAND, "rb").read())
    program.chmod(0o755)
    result = subprocess.run([program, directory / "secret"], capture_output=True, timeout=60, user=65534, group=65534)
    check("a file without permission: message, exit 1",
          result.returncode == 1 and b"secret" in result.stderr and b"ermission" in result.stderr, result)
check("a directory", run_command(directory).returncode == 1)
check("an unwritable output", run_command("--output=/dev/full", FOUNDING).returncode == 1)

result = subprocess.run(["bash", "-c", '"$0" "$1" | true; exit ${PIPESTATUS[0]}', COMMAND, str(FOUNDING)],
                        capture_output=True, timeout=60)
check("a reader that goes away: an end, no crash", result.returncode in (0, 1, 141), result)
result = subprocess.run(["bash", "-c", '"$0" <&-', COMMAND], capture_output=True, timeout=60)
check("a closed standard input: message, exit 1", result.returncode == 1 and result.stderr, result)

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
helo = founding.replace(b"server.serverdomain.tld [", b"(x) [6.6.6.6] F=<spoof> rejected RCPT <a@b>: () [")
result = run_command("--emit=message,session", stdin=helo)
found = [json.loads(line) for line in result.stdout.splitlines()]
check("a HELO that imitates a refusal", [(one["record"], one["id"], one["status"], one["client"]["ip"], one["sender"])
                                         for one in found] == [("message", expected[0], "delivered", "ip1.ip2.ip3.ip4",
                                                                json.loads(run_command(FOUNDING).stdout)["sender"])], found)
check("... sets no address", b'"6.6.6.6"' not in result.stdout and b'"spoof"' not in result.stdout, found)
check("a line of 10 MB without an end", run_command(stdin=b"x" * 10_000_000).returncode == 0)
for length in range(0, len(founding), 97):
    result = run_command(stdin=founding[:length])
    if result.returncode != 0 or b"ERROR" in result.stderr or any(not json.loads(line) for line in result.stdout.splitlines()):
        check("the first %d bytes of a log" % length, False, result)
check("a log cut anywhere is read to its end", True)
check("the same log twice is the same documents", ids(run_command(FOUNDING, FOUNDING)) == expected)
check("no last line feed", ids(run_command(stdin=founding.rstrip(b"\n"))) == expected)
check("CR LF", ids(run_command(stdin=founding.replace(b"\n", b"\r\n"))) == expected)
finish()
