#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Soak: real syslog-ng with a journal takes a made log at full speed over TCP, its configuration is reloaded every minute.
Each minute it prints what the process holds: memory, descriptors, journal, and how many documents arrived.  Exit status 1
when memory, descriptors or the journal grew between the first and the last quarter, or documents are missing at the end.
SOAK_SECONDS: how long (3600).  MAILTRACE_BUILD: where mailtrace was built (build)."""
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from harness import TOP, SyslogNg, check, finish, scratch, wait  # noqa: E402

SECONDS = int(os.environ.get("SOAK_SECONDS", 3600))
MESSAGES = 20000
EPOCH = 1560000000
CONFIGURATION = """# SPDX-License-Identifier: LGPL-2.1-or-later
@version: 3.38
@include "scl.conf"
source s {{ network(ip("127.0.0.1") port({port}) transport("tcp") flags(no-parse) log-iw-size(10000) log-fetch-limit(1000)); }};
parser p {{ mailtrace(journal("{directory}/soak.journal") lines(drop)); }};
destination d {{ unix-stream("{directory}/sink" template("${{MESSAGE}}\\n") log-fifo-size(50000)); }};
log {{ source(s); parser(p); destination(d); flags(flow-control); }};
"""


class Counter:
    """takes documents and counts those of messages"""

    def __init__(self, path):
        self.messages = self.bytes = 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            stream, _ = self.listener.accept()
            threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream):
        rest = b""
        while data := stream.recv(1 << 20):
            lines, _, rest = (rest + data).rpartition(b"\n")
            self.messages += lines.count(b'{"record":"message"')
            self.bytes += len(data)


class Feeder:
    """sends one made log after the other, each later than the one before"""

    def __init__(self, generator, port):
        self.generator, self.port = generator, port
        self.lines = self.messages = 0
        self.goes_on = True
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        stream = socket.create_connection(("127.0.0.1", self.port))
        seed = 0
        while self.goes_on:
            seed += 1
            log = subprocess.run([self.generator, "-m", str(MESSAGES), "-c", "60", "-s", str(seed), "-n", "gateway",
                                  "-e", str(EPOCH + seed * 20000)], capture_output=True, check=True).stdout
            stream.sendall(log)
            self.lines += log.count(b"\n")
        stream.close()


def measure(process, journal):
    status = pathlib.Path("/proc/%d/status" % process.pid).read_text()
    resident = int(status[status.index("VmRSS:"):].split()[1]) / 1024
    descriptors = len(os.listdir("/proc/%d/fd" % process.pid))
    return resident, descriptors, journal.stat().st_blocks * 512 / (1 << 20)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def median(rows, column):
    values = sorted(row[column] for row in rows)
    return values[len(values) // 2]


def main():
    directory = scratch()
    port = free_port()
    (directory / "soak.conf").write_text(CONFIGURATION.format(port=port, directory=directory))
    generator = directory / "utmgen"
    subprocess.run(["cc", "-D_GNU_SOURCE", "-std=gnu11", "-O2", "-o", generator, TOP / "tests/lab/utmgen.c"], check=True)
    counter = Counter(directory / "sink")
    server = SyslogNg(directory / "soak.conf", directory / "run").start()
    feeder = Feeder(generator, port)
    begin, rows = time.monotonic(), []
    print("minute  RSS MiB  descriptors  journal MiB  lines  documents of messages", flush=True)
    while time.monotonic() < begin + SECONDS:
        time.sleep(min(60, SECONDS / 12))
        rows.append(measure(server.process, directory / "soak.journal"))
        print("%6.1f  %7.1f  %11d  %11.1f  %d  %d" % ((time.monotonic() - begin) / 60, *rows[-1], feeder.lines,
                                                      counter.messages), flush=True)
        server.signal(signal.SIGHUP)
    feeder.goes_on = False
    feeder.thread.join()
    quarter = max(1, len(rows) // 4)
    for column, name, slack in ((0, "memory", 1.15), (1, "descriptors", 1.0), (2, "journal", 1.5)):
        before, after = median(rows[1:1 + quarter], column), median(rows[-quarter:], column)
        check("%s stays: %.1f, then %.1f" % (name, before, after), after <= before * slack + 2)
    still = [-1]

    def quiet():
        before, still[0] = still[0], counter.messages
        time.sleep(2)
        return before == counter.messages
    wait(quiet, 60)
    print("lines %d, documents of messages %d, %.0f lines a second" % (feeder.lines, counter.messages,
                                                                     feeder.lines / (time.monotonic() - begin)))
    check("most messages are documents by now", counter.messages > feeder.lines / 20, counter.messages)
    check("clean exit", server.stop() == 0)
    finish()


main()
