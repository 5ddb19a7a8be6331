# SPDX-License-Identifier: LGPL-2.1-or-later
"""What every destination has to pass: 20,000 documents of a generated log, the engine stopped and started in the middle, a
replay that changes nothing."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from harness import TOP, SyslogNg, check, finish, run_command, scratch, wait   # noqa: E402

SENT = int(os.environ.get("ENGINE_MESSAGES", 5600))
STREAMS = "message,session,scan,delivery,dkim"
CONFIGURATION = """@version: 3.38
@include "scl.conf"
options {{ stats-freq(0); time-reopen(1); }};
source s_utm {{ file("{log}" flags(no-parse) follow-freq(1) log-iw-size(100000) log-fetch-limit(1000)); }};
{parser}
destination d_mail {{ {destination} }};
{path}
"""


def snippet():
    """the lines of the manual that users paste: parser and log path"""
    text = (TOP / "scl/mailtrace/README.md").read_text()
    lines = text.split("```\n")[1].splitlines()
    return lines[1], lines[3]


class Drill:
    def __init__(self, name, destination, messages=SENT, buffer_bytes=1 << 30, memory_bytes=1 << 25):
        self.name, self.directory, self.messages = name, scratch(), messages
        self.log, self.whole = self.directory / "mail.log", self.directory / "whole.log"
        parser, path = snippet()
        buffer = 'buffer(disk-buffer(reliable(yes) disk-buf-size(%d) mem-buf-size(%d) dir("%s")))' % (
            buffer_bytes, memory_bytes, self.directory)
        self.configuration = self.directory / "drill.conf"
        self.configuration.write_text(CONFIGURATION.format(
            log=self.log, parser=parser, path=path, destination=destination.format(directory=self.directory, buffer=buffer)))
        self._make_log()
        self.runs = 0

    def _make_log(self):
        generator = self.directory / "utmgen"
        subprocess.run(["gcc", "-D_GNU_SOURCE", "-std=gnu11", "-O2", "-o", generator, TOP / "tests/lab/utmgen.c"], check=True)
        with open(self.whole, "wb") as stream:
            subprocess.run([generator, "-m", str(self.messages), "-c", "40", "-s", "3"], stdout=stream, check=True)
        text = run_command("--quiet", "--emit=" + STREAMS, self.whole).stdout
        self.expected = {}
        for line in text.decode().splitlines():
            document = json.loads(line)
            self.expected[document["id"]] = document
        check("%s: the log gives %d documents" % (self.name, len(self.expected)), self.messages < 5600 or len(self.expected) >= 20000)

    def of(self, record):
        return {key: document for key, document in self.expected.items() if document["record"] == record}

    def start(self):
        self.runs += 1
        self.server = SyslogNg(self.configuration, self.directory / ("run-%d" % self.runs)).start()
        return self.server

    def start_again(self):
        """with all that it kept on disk"""
        self.server.start()

    def kill(self):
        self.server.signal(signal.SIGKILL)
        self.server.process.wait()

    def feed(self, part, parts=3):
        """the part-th piece of the log, cut at a line, appended to the file that syslog-ng follows"""
        data = self.whole.read_bytes()
        cuts = [0] + [data.index(b"\n", len(data) * i // parts) + 1 for i in range(1, parts)] + [len(data)]
        with open(self.log, "ab") as stream:
            stream.write(data[cuts[part]:cuts[part + 1]])

    def written(self):
        return sum(int(line.split(";")[-1]) for line in (self.server.stats() or "").splitlines()
                   if line.startswith("dst.") and ";written;" in line)

    def dropped(self):
        return sum(int(line.split(";")[-1]) for line in (self.server.stats() or "").splitlines()
                   if line.startswith("dst.") and ";dropped;" in line)

    def wait_for_written(self, count, seconds=120):
        return wait(lambda: self.written() >= count, seconds)

    def require(self, name, holds):
        """without this the rest makes no sense"""
        detail = "%d of %d; %s" % (self.written(), len(self.expected), self.server.messages()[-1500:])
        check("%s: %s" % (self.name, name), holds, detail)
        if not holds:
            self.server.stop()
            finish()

    def stop(self):
        check("%s: nothing was dropped" % self.name, self.dropped() == 0, self.dropped())
        check("%s: syslog-ng ends cleanly" % self.name, self.server.stop() == 0, self.server.messages()[-800:])

    def first_pass(self, engine_away, engine_back):
        """a third, and in the middle of the second the engine goes away, and comes back after the last"""
        started = time.monotonic()
        self.log.touch()
        self.start()
        self.feed(0)
        self.require("documents arrive", self.wait_for_written(len(self.expected) // 5))
        self.feed(1)
        self.wait_for_written(len(self.expected) // 3)
        engine_away()
        self.feed(2)
        time.sleep(3)
        engine_back()
        self.require("all were written", self.wait_for_written(len(self.expected)))
        self.stop()
        print("     %s: %d documents in %.1f s, the stop included" % (self.name, len(self.expected), time.monotonic() - started))

    def replay(self):
        self.start()
        self.require("the replay is written", self.wait_for_written(len(self.expected)))
        self.stop()
