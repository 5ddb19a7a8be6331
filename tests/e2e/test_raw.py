#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""--raw of the command: the log lines of one message, or of all messages of an address."""
import collections
import gzip
import json
import os
import pty
import subprocess

from harness import COMMAND, FOUNDING, TOP, check, finish, run_command, scratch

directory = scratch()
founding = FOUNDING.read_bytes()
log = directory / "utm.log"
log.write_bytes(gzip.decompress((TOP / "examples/logs/utm-generated.log.gz").read_bytes()))
lines = log.read_bytes().splitlines()
result = run_command("--emit=message,session", log)
records = [json.loads(line) for line in result.stdout.splitlines()]
messages = [one for one in records if one["record"] == "message"]


def raw(wanted, *files, **options):
    return run_command("--raw=%s" % wanted, "--quiet", *(files or (log,)), **options)


def in_order(part, whole):
    rest = iter(whole)
    return all(line in rest for line in part)


for name, wanted in (("the document's id", "defense:1haLqi-0002Mp-2G"), ("the first queue id", "1haLqi-0002Mp-2G"),
                     ("the last queue id", "1haLql-0002Mh-MA"), ("a recipient", "targetuser@targetdomain.tld"),
                     ("a recipient in capitals", "TargetUser@TARGETDOMAIN.tld"),
                     ("the original sender", "sendinguser@senderdomain.tld")):
    result = raw(wanted, FOUNDING)
    check("%s: all 14 lines, to the byte" % name, result.stdout == founding and result.returncode == 0, result)
check("from standard input", raw("1haLqi-0002Mp-2G", "-", stdin=founding).stdout == founding)
(directory / "a.gz").write_bytes(gzip.compress(founding))
check("from a gzip file", raw("1haLqi-0002Mp-2G", directory / "a.gz").stdout == founding)
for name, wanted in (("part of an address", "targetuser"), ("part of an id", "1haLqi-0002Mp"), ("a HELO", "senderdomain.tld")):
    result = raw(wanted, FOUNDING)
    check("%s is no address: a message, exit 1" % name,
          result.stdout == b"" and result.returncode == 1 and wanted.encode() in result.stderr, result)

wrong = []
for message in messages:
    found = raw(message["id"]).stdout.splitlines()
    mine = [line for line in lines if any(queue_id.encode() in line for queue_id in message["queue_ids"])]
    if len(found) != message["lines"] or not in_order(mine, found) or not in_order(found, lines):
        wrong.append((message["id"], len(found), message["lines"], len(mine)))
    if len(wrong) > 3 or messages.index(message) == 60:
        break
check("a message's lines are those that name its ids and as many as its document counts, in order", not wrong, wrong)


def names(record, address):
    refusals = record.get("refusals", [])
    parts = [record, *record.get("scans", []), *record.get("deliveries", []), *refusals]
    texts = [part.get(key) for part in parts for key in ("sender", "sender_original", "recipient", "original_recipient")]
    texts += [text for part in parts for text in part.get("recipients", [])]
    return address in (text.lower() for text in texts if text)


everyone = collections.Counter(text.lower() for one in messages for text in one["recipients"])
recipient = everyone.most_common(1)[0][0]
wanted = sorted((one for one in records if names(one, recipient)), key=lambda one: one["received"])
found = raw(recipient).stdout
groups = [group.splitlines() for group in found.split(b"\n\n")]
check("an address: one group of lines for each message and refused session", len(groups) == len(wanted) > 1,
      (len(groups), len(wanted)))
check("... those of its messages", sorted(b"\n".join(group) for group in groups)
      == sorted(raw(one["id"]).stdout.rstrip(b"\n") for one in wanted), recipient)
check("... each in order", all(in_order(group, lines) for group in groups))
refused = next(one for one in records if one["record"] == "session" and "recipient" in one["refusals"][0])
check("a refused session by its id", len(raw(refused["id"]).stdout.splitlines()) == refused["lines"], refused)
check("... by the sender who was refused", raw(refused["id"]).stdout.rstrip(b"\n")
      in raw(refused["refusals"][0]["sender"]).stdout)

hostile = founding.replace(b"Statement", b"\x1b]0;owned\x07\xff \xc2\x9b31m")
check("what is piped is the log, to the byte", raw("1haLqi-0002Mp-2G", "-", stdin=hostile).stdout == hostile)
(directory / "hostile.log").write_bytes(hostile)
master, slave = pty.openpty()
process = subprocess.Popen([COMMAND, "--raw=1haLqi-0002Mp-2G", "--quiet", str(directory / "hostile.log")], stdout=slave,
                           stdin=subprocess.DEVNULL)
os.close(slave)
shown = b""
try:
    while chunk := os.read(master, 65536):
        shown += chunk
except OSError:
    pass
process.wait(30)
check("on a terminal hostile bytes are escaped", rb"\x1b]0;owned\x07\xff \xc2\x9b31m" in shown and b"\x1b" not in shown, shown)

for options in (("--raw=",), ("--raw=x", "--journal=y"), ("--raw=x", "--explain"), ("--raw=x", "--confirm", "--output=o")):
    result = run_command(*options, FOUNDING, cwd=directory)
    check("%s: exit 2" % " ".join(options), result.returncode == 2 and b"--raw" in result.stderr, result)
result = run_command("--raw=1haLqi-0002Mp-2G", "--max-message-bytes=1024", "--quiet", FOUNDING)
check("lines that were not kept are spoken of", b"--max-message-bytes" in result.stderr and result.returncode == 1
      and 0 < result.stdout.count(b"\n") < 14, result)
check("--raw writes to --output, too", run_command("--raw=1haLqi-0002Mp-2G", "--output=%s" % (directory / "out"), FOUNDING)
      .stdout == b"" and (directory / "out").read_bytes() == founding)
check("--help tells of it", b"--raw" in run_command("--help").stdout)
finish()
