#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""--journal of the command: what stays open is carried to the next run, whatever ends this one."""
import json
import os
import pathlib
import random
import re
import resource
import shutil
import subprocess
import time

from harness import COMMAND, FOUNDING, TOP, check, comparable, documents, finish, run_command, scratch

seed = int(os.environ.get("SEED", time.time()))
print("SEED=%d" % seed)
draw = random.Random(seed)
directory = scratch()
founding = FOUNDING.read_bytes()
lines = founding.splitlines(keepends=True)
names = iter(range(10 ** 6))


def fresh(suffix=""):
    return directory / ("%d%s" % (next(names), suffix))


def carry(journal, *files, **options):
    return run_command("--journal=%s" % journal, *files, **options)


def found(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def ids(result):
    return [one["id"] for one in found(result)]


def newest(*paths):
    """documents by id, as a consumer that reads the files in that order keeps them"""
    whole = fresh()
    whole.write_bytes(b"".join(path.read_bytes() for path in paths))
    return {name: comparable(document) for name, document in documents(whole).items()}


def difference(one, other):
    """the first documents that differ, and in what"""
    names = [name for name in sorted(one.keys() | other.keys()) if one.get(name) != other.get(name)]
    pairs = [(name, one.get(name) or {}, other.get(name) or {}) for name in names[:5]]
    return len(names), [(name, [(key, mine.get(key), theirs.get(key)) for key in sorted(mine.keys() | theirs.keys())
                                if mine.get(key) != theirs.get(key)][:6]) for name, mine, theirs in pairs]


def generate(count):
    program, log = directory / "utmgen", directory / ("utm-%d.log" % count)
    if not program.exists():
        subprocess.run(["cc", "-D_GNU_SOURCE", "-std=gnu11", "-O2", "-o", program, TOP / "tests/lab/utmgen.c"], check=True)
    with open(log, "wb") as stream:
        subprocess.run([program, "-m", str(count), "-c", "60", "-s", str(seed % 1000)], stdout=stream, check=True)
    return log


def undisturbed(log):
    path = fresh(".ndjson")
    result = run_command("--emit=message,session,delivery", "--output=%s" % path, log)
    assert result.returncode == 0, result
    return newest(path)


EMIT = "--emit=message,session,delivery"

# one message, over two runs

journal = fresh()
result = carry(journal, stdin=b"".join(lines[:8]))
check("the first part of a message: no document", result.stdout == b"" and result.returncode == 0, result)
check("... and the closing line says what stays open", b"stay open: 1)" in result.stderr, result.stderr)
check("the journal is private", journal.stat().st_mode & 0o777 == 0o600)
result = carry(journal, stdin=b"".join(lines[8:]))
check("the second part: the document of the whole", result.returncode == 0 and len(found(result)) == 1 and comparable(
    found(result)[0]) == comparable(json.loads(run_command(FOUNDING).stdout)) and found(result)[0]["lines"] == 14, result)
result = carry(journal, stdin=founding)
again = {one["id"] for one in found(result)}
check("the same lines again: no other document", again <= {"defense:1haLqi-0002Mp-2G"} and b"stay open: 0)" in result.stderr,
      result)
counters = fresh()
result = carry(fresh(), "--counters=%s" % counters, stdin=b"".join(lines[:8]))
check("--counters counts what stays open", json.loads(counters.read_text())["open_messages"] == 1, result)

journal = fresh()
carry(journal, stdin=b"".join(lines[:8]))
result = carry(journal, "--last", stdin=b"")
check("--last emits what is open", [one["end_reason"] for one in found(result)] == ["shutdown"], result)
check("... and removes the journal", not journal.exists())
result = carry(fresh(), "--last", FOUNDING)
check("... also in a first run", ids(result) == ["defense:1haLqi-0002Mp-2G"], result)
journal = fresh()
result = carry(journal, "--last", "--output=/dev/full", stdin=b"".join(lines[:8]))
check("... but keeps it when documents could not be written", result.returncode == 1 and journal.exists(), result)
check("... so that the next run writes them", ids(carry(journal, "--last", stdin=b"")) == ["defense:1haLqi-0002Mp-2G"])

journal = fresh()
result = carry(journal, "--output=/dev/full", FOUNDING)
check("a document that could not be written: a message, exit 1", result.returncode == 1 and b"/dev/full" in result.stderr,
      result)
check("... comes with the next run", ids(carry(journal, stdin=b"")) == ["defense:1haLqi-0002Mp-2G"])

output, journal = fresh(), fresh()
carry(journal, "--output=%s" % output, FOUNDING)
carry(journal, "--output=%s" % output, stdin=b"".join(lines).replace(b"1haLq", b"1haLs"))
check("--output of runs with a journal appends", {json.loads(line)["id"] for line in output.read_text().splitlines()}
      == {"defense:1haLqi-0002Mp-2G", "defense:1haLsi-0002Mp-2G"}, output)
whole = output.read_bytes()
output.write_bytes(whole + b'{"record":"mess')
carry(journal, "--output=%s" % output, stdin=b"")
check("... and cuts off a document that a killed run left unfinished", output.read_bytes().startswith(whole) and all(
    json.loads(line) for line in output.read_text().splitlines()))
output.write_bytes(b'{"unfinished' + b"x" * 10000)
carry(fresh(), "--output=%s" % output, FOUNDING)
check("... also a long first one", ids(subprocess.CompletedProcess([], 0, output.read_bytes())) == ["defense:1haLqi-0002Mp-2G"])
run_command("--output=%s" % output, FOUNDING)
run_command("--output=%s" % output, FOUNDING)
check("without a journal the file is written anew", output.read_bytes().count(b"\n") == 1)

# wrong usage

for options, words in ((("--journal=",), (b"--journal", b"allowed")), (("--dump",), (b"--dump", b"--journal")),
                       (("--last",), (b"--last", b"--journal")), (("--confirm",), (b"--confirm", b"--output")),
                       (("--confirm", "--output=-"), (b"--confirm", b"--output")),
                       (("--journal=j", "--dump", "--last"), (b"--dump", b"--last")),
                       (("--journal=j", "--explain"), (b"--explain", b"--journal"))):
    result = run_command(*options, stdin=b"", cwd=directory)
    check("%s: exit 2, named" % " ".join(options), result.returncode == 2 and all(word in result.stderr for word in words)
          and not (directory / "j").exists(), result)
result = carry(fresh(), "--dump", FOUNDING)
check("--dump FILE: exit 2", result.returncode == 2 and b"--dump" in result.stderr, result)
check("--help tells of all", all(word in run_command("--help").stdout for word in (
    b"--journal", b"--last", b"--dump", b"--confirm", b"omprog", b"append")))

# journals that cannot be used


def refused(name, path, *words, **options):
    output = fresh()
    output.write_bytes(b"precious\n")
    result = carry(path, "--output=%s" % output, FOUNDING, **options)
    check("%s: exit 1, option, value and reason" % name, result.returncode == 1 and all(
        word in result.stderr for word in (b"--journal", str(path).encode(), *words)), result)
    check("... and nothing is read or written", output.read_bytes() == b"precious\n")


refused("a journal in no directory", directory / "absent/journal", b"No such file")
refused("a directory as journal", directory, b"irectory")
refused("a device as journal", pathlib.Path("/dev/null"), b"regular file")
if os.geteuid() == 0:
    directory.chmod(0o755)
    program = directory / "mailtrace"
    shutil.copy(COMMAND, program)
    closed = directory / "closed"
    closed.mkdir(mode=0o755)
    result = subprocess.run([program, "--journal=%s" % (closed / "j"), FOUNDING], capture_output=True, user=65534, group=65534,
                            cwd="/", timeout=60)
    check("a journal where one may not write: exit 1", result.returncode == 1 and all(
        word in result.stderr for word in (b"--journal", b"ermission")), result)
log = fresh()
log.write_bytes(founding)
result = carry(log, log)
check("a log as its own journal: refused, untouched", result.returncode == 1 and b"--journal" in result.stderr
      and log.read_bytes() == founding, result)
result = carry(log, "--output=%s" % log, stdin=founding)
check("... the same of the output", result.returncode == 1 and log.read_bytes() == founding, result)

journal = fresh()
holder = subprocess.Popen([COMMAND, "--journal=%s" % journal, "--quiet"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
holder.stdin.write(b"".join(lines[:8]))
holder.stdin.flush()
end = time.monotonic() + 20
while time.monotonic() < end and carry(journal, "--dump").stdout.count(b"\nline ") < 7:
    time.sleep(0.05)
refused("a journal in use", journal, b"in use")
result = carry(journal, "--dump")
check("--dump reads a journal in use", result.returncode == 0 and b"open messages: 1" in result.stderr
      and result.stdout.count(b"1haLqi-0002Mp-2G") >= 3, result)
rest, _ = holder.communicate(b"".join(lines[8:]), 30)
check("... and does not disturb", ids(subprocess.CompletedProcess([], 0, rest)) == ["defense:1haLqi-0002Mp-2G"], rest)

# damaged journals: the rest is read, nothing crashes, and what happened is said

journal = fresh()
half = fresh(".log")
half.write_bytes(b"".join(lines[:8]))
carry(journal, half)
image = journal.read_bytes()


def moved_aside(name, content, *words):
    path = fresh()
    path.write_bytes(content)
    result = carry(path, FOUNDING)
    aside = pathlib.Path(str(path) + ".unreadable")
    check("%s: the log is read all the same" % name, ids(result) == ["defense:1haLqi-0002Mp-2G"], result)
    check("... the file is moved aside, which is said, exit 1", result.returncode == 1 and aside.exists()
          and aside.read_bytes() == content and all(word in result.stderr for word in (b"--journal", str(aside).encode(), *words)),
          result)
    result = carry(path, stdin=b"")
    check("... and a new one was begun", result.returncode == 0 and b"--journal" not in result.stderr, result)


moved_aside("garbage as journal", draw.randbytes(10000))
moved_aside("a text as journal", b"hello\n")
version = image.index(b"mailtrace journal") + 28
moved_aside("a journal of another version", image[:version] + b"\x63\0\0\0" + image[version + 4:], b"version 99")
moved_aside("a journal with damage in its head", image[:version + 8] + b"\xff\xff" + image[version + 10:])
empty = fresh()
empty.write_bytes(b"")
result = carry(empty, FOUNDING)
check("an empty file as journal", ids(result) == ["defense:1haLqi-0002Mp-2G"] and result.returncode == 0, result)
used = 4096 + len(image[4096:].rstrip(b"\0"))
for number in range(50):
    cut = draw.choice((draw.randrange(len(image)), draw.randrange(used + 16), draw.randrange(4096, used + 16)))
    path = fresh()
    path.write_bytes(image[:cut])
    shown, result = carry(path, "--dump"), carry(path, FOUNDING)
    fine = [comparable(one) for one in found(result)] == [comparable(json.loads(run_command(FOUNDING).stdout))]
    said = b"--journal" in result.stderr and result.returncode == 1 if cut and not 4096 <= cut < 4128 else True
    if not fine or not said or shown.returncode != (cut < 4096):
        check("a journal cut at %d of %d" % (cut, len(image)), False, (result.stderr, shown.stderr, found(result)[:1]))
for number in range(50):
    damaged = bytearray(image)
    for _ in range(draw.randrange(1, 20)):
        damaged[draw.randrange(used)] = draw.randrange(256)
    path = fresh()
    path.write_bytes(damaged)
    shown, result = carry(path, "--dump"), carry(path, FOUNDING)
    if "defense:1haLqi-0002Mp-2G" not in ids(result) or result.returncode not in (0, 1) or shown.returncode not in (0, 1):
        shutil.copy(path, directory / "damaged")
        check("a journal with wrong bytes", False, (result, shown))
check("a journal cut or damaged anywhere", True)
torn = bytearray(image)
torn[image.index(b"ctasd reports")] ^= 0xff
path = fresh()
path.write_bytes(torn)
shown = carry(path, "--dump")
check("--dump of a torn block", b"torn: 1)" in shown.stderr and b"DKIM: d=" in shown.stdout and b"ctasd" not in shown.stdout, shown)
result = carry(path, stdin=b"")
check("a torn block is spoken of", b"--journal" in result.stderr and b"torn" in result.stderr and result.returncode == 1, result)
torn = bytearray(image)
torn[used - 20] ^= 0xff
path = fresh()
path.write_bytes(torn)
result = carry(path, stdin=b"")
check("an entry that a killed run did not finish is not spoken of", result.returncode == 0 and b"torn" not in result.stderr,
      result)

# --dump

result = carry(journal, "--dump")
rows = result.stdout.decode().splitlines()
check("--dump: one line an entry, in order", [row.split()[0] for row in rows if row.split()[0] == "line"] == ["line"] * 8
      and [int(row.split()[1]) for row in rows] == sorted(int(row.split()[1]) for row in rows), result)
check("... host, time, process, text", any(re.search(
    r"^line +\d+ defense 2019-06-10T11:04:40\S* exim-in\[9103\] .*DKIM: d=senderdomain.tld", row) for row in rows), rows)
check("... and a summary", all(word in result.stderr for word in (b"line ", b"8 entries", b"bytes", b"blocks: ", b"torn: 0",
                                                                 b"open messages: 1")), result.stderr)
check("... changes nothing", journal.read_bytes() == image)
result = carry(fresh(), "--dump")
check("--dump of no journal: exit 1", result.returncode == 1 and b"--journal" in result.stderr, result)
journal = fresh()
carry(journal, stdin=b"".join(lines[:8]).replace(b"F=<SRS0", b"F=<\x1b[31m\xc2\x9b31m\xe2\x80\xae\xff\x07SRS0"))
result = carry(journal, "--dump")
check("--dump escapes what a terminal would obey", rb"\x1b[31m\xc2\x9b31m\xe2\x80\xae\xff\x07SRS0" in result.stdout
      and not re.search(rb"[\0-\x09\x0b-\x1f\x7f-\xff]", result.stdout), result)

# a full disk: the file may not grow beyond a limit


def narrow():
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))


log = generate(3000)
expected = undisturbed(log)
journal = fresh()
result = carry(journal, EMIT, log, preexec_fn=narrow)
first = fresh()
first.write_bytes(result.stdout)
check("a full disk is spoken of, exit 1", result.returncode == 1 and b"--journal" in result.stderr
      and str(journal).encode() in result.stderr, result.stderr)
check("... the run goes on", result.stdout.count(b"\n") > 3000, result.stdout.count(b"\n"))
result = carry(journal, EMIT, "--last", log)
second = fresh()
second.write_bytes(result.stdout)
check("... and a second one, with room, completes it", newest(first, second) == expected,
      difference(newest(first, second), expected))

# archives in parts

content = log.read_bytes().splitlines(keepends=True)
for parts in (2, 7):
    cuts = [0, *sorted(draw.sample(range(1, len(content)), parts - 1)), len(content)]
    journal, output = fresh(), fresh(".ndjson")
    for begin, end in zip(cuts, cuts[1:]):
        part = fresh(".log")
        part.write_bytes(b"".join(content[begin:end]))
        result = carry(journal, EMIT, "--output=%s" % output, *(["--last"] if end == len(content) else []), part)
        if result.returncode != 0:
            check("a part of an archive", False, result)
    check("an archive in %d parts gives the documents of the whole" % parts, newest(output) == expected,
          difference(newest(output), expected))
check("the journal holds no more than what is open", carry(fresh(), log).returncode == 0)
journal = fresh()
carry(journal, log)
check("... a few blocks", journal.stat().st_blocks * 512 < 8 << 20, journal.stat())

# killed at any instant


def killed(journal, output, after):
    process = subprocess.Popen([COMMAND, "--journal=%s" % journal, "--quiet", EMIT, "--output=%s" % output, str(log)],
                               stderr=subprocess.PIPE)
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.kill()
    process.communicate()
    return process.returncode


started = time.monotonic()
carry(fresh(), EMIT, "--output=%s" % fresh(), log)
latest = time.monotonic() - started
total = 0
for chain in range(6):
    journal, output = fresh(), fresh(".ndjson")
    kills = 0
    while kills < 5:
        if killed(journal, output, draw.uniform(0, latest)) < 0:
            kills += 1
        else:
            latest *= 0.9
    total += kills
    result = carry(journal, EMIT, "--output=%s" % output, log)
    if result.returncode != 0:
        check("the run behind five killed ones", False, result)
    result = carry(journal, EMIT, "--output=%s" % output, "--last", stdin=b"")
    if newest(output) != expected:
        check("killed five times, then run again over the same input", False, difference(newest(output), expected))
check("%d kills at random moments: no document is missing, none contradicts" % total, True)


def system_calls(*arguments):
    counts = fresh()
    subprocess.run(["strace", "-f", "-c", "-o", counts, COMMAND, "--quiet", *map(str, arguments), log],
                   stdout=subprocess.DEVNULL, check=True)
    return int(re.search(r"(\d+)(?: +\d+)? total$", counts.read_text()).group(1))


# the sanitizers make system calls of their own
if "sanitized" not in COMMAND:
    without, with_journal = system_calls(), system_calls("--journal=%s" % fresh())
    check("the journal makes no system call a line: %d instead of %d for %d lines" % (
        with_journal, without, log.read_bytes().count(b"\n")), with_journal < without + 500)
finish()
