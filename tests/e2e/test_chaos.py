#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every message exactly once, whatever happens: real syslog-ng reads a log of CHAOS_MESSAGES messages while it is
reloaded, ended and killed at random moments, its destination stops and goes away, its disk is full.  In the end the
documents are those of the command over the same log.
CHAOS_KILLS: how often (10); CHAOS_SEED: of the random numbers; CHAOS_MESSAGES (20000); CHAOS_ONLY: some of hang_up end kill
stop_reading close_sink fill, to find a cause; --keep DIRECTORY: what to look into."""
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

from harness import TOP, Sink, SyslogNg, check, comparable, finish, run_command, scratch, wait

KILLS = int(os.environ.get("CHAOS_KILLS", 10))
SEED = int(os.environ.get("CHAOS_SEED", random.randrange(1 << 32)))
MESSAGES = int(os.environ.get("CHAOS_MESSAGES", 20000))
ONLY = os.environ.get("CHAOS_ONLY", "hang_up end kill stop_reading close_sink fill").split()
DISK = 96 << 20

CONFIGURATION = """# SPDX-License-Identifier: LGPL-2.1-or-later
@version: 3.38
@include "scl.conf"
options {{ time-reopen(1); }};
source s {{ file("{directory}/in.log" flags(no-parse) follow-freq(0.1) log-iw-size(5000) log-fetch-limit(500)); }};
parser p {{ mailtrace(journal("{directory}/disk/chaos.journal") lines(drop)
                     emit("message", "session", "delivery", "dkim", "scan")); }};
destination d {{ unix-stream("{directory}/sink" template("${{MESSAGE}}\\n") log-fifo-size(50000)); }};
log {{ source(s); parser(p); destination(d); flags(flow-control); }};
"""

print("CHAOS_SEED=%d CHAOS_KILLS=%d CHAOS_MESSAGES=%d" % (SEED, KILLS, MESSAGES), flush=True)
dice = random.Random(SEED)
directory = scratch()


def generate():
    subprocess.run([os.environ.get("CC", "cc"), "-D_GNU_SOURCE", "-std=gnu11", "-O2", "-o", directory / "utmgen",
                    TOP / "tests/lab/utmgen.c"], check=True)
    with open(directory / "all.log", "wb") as stream:
        subprocess.run([directory / "utmgen", "-m", str(MESSAGES), "-c", "60", "-s", str(SEED % 100000), "-n", "gateway"],
                       stdout=stream, check=True)
        last = (TOP / "examples/logs/01-full-message.log").read_bytes()
        stream.write(last)
    return (directory / "all.log").read_bytes().splitlines(keepends=True)


class Disk:
    """a small file system of the journal's own"""

    def __init__(self, path):
        self.path = path
        path.mkdir()
        self.mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%d" % DISK, "none", path]).returncode == 0
        check("a file system of %d MiB for the journal can be mounted" % (DISK >> 20), self.mounted)

    def fill(self):
        try:
            with open(self.path / "filler", "wb") as stream:
                while True:
                    os.posix_fallocate(stream.fileno(), 0, stream.seek(0, os.SEEK_END) + 65536)
                    stream.seek(0, os.SEEK_END)
        except OSError:
            pass

    def clean(self):
        (self.path / "filler").unlink()

    def release(self):
        if self.mounted:
            subprocess.run(["umount", "--lazy", self.path], check=True)


class Chaos:
    def __init__(self, lines):
        self.lines, self.position, self.done = lines, 0, []
        (directory / "test.conf").write_text(CONFIGURATION.format(directory=directory))
        self.server = SyslogNg(directory / "test.conf", directory / "run")
        self.sink = Sink(directory / "sink")
        self.disk = Disk(directory / "disk")
        self.restarts = 0

    def append(self, count):
        with open(directory / "in.log", "ab") as stream:
            stream.write(b"".join(self.lines[self.position:self.position + count]))
        self.position += count

    def restart(self, number):
        self.server.signal(number)
        if number != signal.SIGKILL:
            try:
                self.server.process.wait(20)
            except subprocess.TimeoutExpired:
                check("syslog-ng ends within 20 seconds", False, self.server.messages()[-500:])
                self.server.signal(signal.SIGKILL)
        code = self.server.process.wait(20)
        wanted = 0 if number == signal.SIGTERM else -number
        if code != wanted:
            check("syslog-ng ends by %s" % number, False, "%s %s" % (code, self.server.messages()[-1500:]))
        if dice.random() < 0.2:
            self.append(dice.randrange(1000))
        self.server.start()
        self.restarts += 1

    def hang_up(self):
        self.server.signal(signal.SIGHUP)

    def end(self):
        self.restart(signal.SIGTERM)

    def kill(self):
        self.restart(signal.SIGKILL)

    def stop_reading(self):
        self.sink.reads.clear()

    def read_again(self):
        self.sink.reads.set()

    def close_sink(self):
        self.sink.close(self.server)

    def open_sink(self):
        self.sink.open()

    def plan(self):
        """signals, and between them, each for the time of a few, a destination that stops or goes away, a full disk"""
        signals = [step for step in (self.hang_up, self.end, self.kill, self.kill) if step.__name__ in ONLY]
        steps = [dice.choice(signals) for _ in range(KILLS if signals else 0)]
        for begin, finish_ in ((self.stop_reading, self.read_again), (self.close_sink, self.open_sink),
                               (self.disk.fill, self.disk.clean)):
            for at in sorted((dice.randrange(len(steps) + 1) for _ in range(1 + KILLS // 25)), reverse=True):
                if begin.__name__ not in ONLY or any(step in (begin, finish_) for step in steps[max(at - 4, 0):at + 8]):
                    continue
                steps.insert(at, begin)
                steps.insert(min(at + dice.randrange(2, 5), len(steps)), finish_)
        return steps

    def run(self):
        self.sink.open()
        self.server.start()
        steps = self.plan()
        size = (len(self.lines) - 14) // (len(steps) + 1)
        for step in steps:
            self.append(dice.randrange(size // 2, size + 1))
            time.sleep(dice.random() * dice.choice((0.1, 0.5, 1.5)))
            print("%8d lines appended, %6d documents, %s" % (self.position, len(self.sink.lines), step.__name__), flush=True)
            step()
        self.append(len(self.lines) - 14 - self.position)
        self.append(14)

    def finish(self):
        """what is still open ends as it does for the command"""
        last = b'"id":"defense:1haLqi-0002Mp-2G"'
        check("all lines are read", wait(lambda: any(last in line for line in self.sink.lines[-2000:]), 120),
              (len(self.sink.lines), self.server.counters()))
        check("nothing waits", wait(lambda: self.server.counter("summaries_waiting") == 0, 60), self.server.counters())
        path = self.server.directory / "syslog-ng.conf"
        path.write_text(path.read_text().replace('journal("%s/disk/chaos.journal")' % directory, "journal(no)"))
        self.server.control("reload")
        time.sleep(2)
        check("the journal is gone", not (directory / "disk/chaos.journal").exists())
        check("clean exit", self.server.stop() == 0)
        time.sleep(1)
        self.disk.release()


def newest(lines):
    found = {}
    for line in lines:
        document = json.loads(line)
        if document["id"] not in found or found[document["id"]]["revision"] <= document["revision"]:
            found[document["id"]] = document
    return found


def compare(found, expected):
    missing = sorted(set(expected) - set(found))
    phantom = sorted(set(found) - set(expected))
    other = [key for key in expected if key in found and comparable(found[key]) != comparable(expected[key])]
    check("0 documents of %d are missing" % len(expected), not missing, "%d: %s" % (len(missing), missing[:5]))
    check("0 documents of %d are phantoms" % len(found), not phantom, "%d: %s" % (len(phantom), phantom[:5]))
    check("0 documents contradict", not other, "%d: %s" % (len(other), [
        {name: (found[key].get(name), expected[key].get(name)) for name in {**found[key], **expected[key]}
         if found[key].get(name) != expected[key].get(name)} for key in other[:5]]))


chaos = Chaos(generate())
try:
    chaos.run()
    chaos.finish()
finally:
    if chaos.server.process and chaos.server.process.poll() is None:
        chaos.server.signal(signal.SIGKILL)
    if chaos.disk.mounted:
        subprocess.run(["umount", "--lazy", chaos.disk.path], stderr=subprocess.DEVNULL)
expected = newest(run_command("--quiet", "--emit=message,session,delivery,dkim,scan", directory / "all.log").stdout.splitlines())
compare(newest(chaos.sink.lines), expected)
print("%d lines, %d documents of which %d came again, %d restarts" % (
    len(chaos.lines), len(expected), len(chaos.sink.lines) - len(expected), chaos.restarts))
if "--keep" in sys.argv:
    keep = pathlib.Path(sys.argv[-1])
    (keep / "found.ndjson").write_bytes(b"\n".join(chaos.sink.lines))
    shutil.copy(directory / "all.log", keep)
    shutil.copy(directory / "run/log", keep)
finish()
