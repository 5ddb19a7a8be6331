# SPDX-License-Identifier: LGPL-2.1-or-later
"""What end-to-end tests share: the command, syslog-ng with an example's configuration, waiting, checking."""
import atexit
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MAILTRACE_BUILD", TOP / "build"))
COMMAND = str(BUILD / "bin/mailtrace")
FOUNDING = TOP / "examples/logs/01-full-message.log"
failures = 0


def check(name, holds, detail=""):
    global failures
    failures += not holds
    print("ok   " if holds else "FAIL ", name, "" if holds else detail, flush=True)


def finish():
    sys.exit(1 if failures else 0)


def scratch():
    """a directory that goes away at the end, unless something failed"""
    path = pathlib.Path(tempfile.mkdtemp(prefix="mailtrace-e2e-"))
    atexit.register(lambda: failures or shutil.rmtree(path, ignore_errors=True))
    return path


def wait(condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False


def written(path, errors="strict"):
    """the lines of a file that somebody writes: what is behind the last newline is no line yet"""
    whole = pathlib.Path(path).read_bytes().rpartition(b"\n")[0] if pathlib.Path(path).exists() else b""
    return whole.decode(errors=errors).split("\n") if whole else []


def documents(path):
    """the last revision of each document by id"""
    newest = {}
    for line in written(path):
        document = json.loads(line)
        if document["id"] not in newest or newest[document["id"]]["revision"] <= document["revision"]:
            newest[document["id"]] = document
    return newest


def comparable(document):
    return {key: value for key, value in document.items() if key not in ("revision", "lines")}


def run_command(*arguments, stdin=None, **options):
    return subprocess.run([COMMAND, *map(str, arguments)], input=stdin, capture_output=True, timeout=300, **options)


class Sink:
    """a destination at a unix socket that can stop reading, go away and come back"""

    def __init__(self, path):
        self.path, self.lines, self.listener, self.streams = str(path), [], None, []
        self.reads = threading.Event()
        self.reads.set()

    def open(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def _accept(self, listener):
        while True:
            try:
                stream, _ = listener.accept()
            except OSError:
                return
            self.streams.append(stream)
            threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream):
        rest = b""
        while data := stream.recv(65536):
            self.reads.wait()
            *lines, rest = (rest + data).split(b"\n")
            self.lines += lines

    def close(self, server):
        """nobody reads what a closed socket still holds, although it was taken: the sender stands still meanwhile"""
        server.signal(signal.SIGSTOP)
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        time.sleep(0.5)
        for stream in self.streams:
            try:
                stream.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.streams = []
        server.signal(signal.SIGCONT)


def end(process):
    """what a test that broke off has left"""
    if process.poll() is None:
        process.kill()
        process.wait()


class SyslogNg:
    """syslog-ng in a directory of its own, ended by its process id"""

    def __init__(self, configuration, directory, **defines):
        self.directory = pathlib.Path(directory)
        self.arguments = [str(TOP / "examples/run.sh"), str(configuration), str(directory)]
        self.arguments += ["%s=%s" % pair for pair in defines.items()]
        self.process = None

    def start(self):
        return self._start(self.arguments)

    def start_again(self):
        """with the configuration as the test has changed it since"""
        (self.directory / "changed.conf").write_text(re.sub(r"@define include-path .*\n", "", (
            self.directory / "syslog-ng.conf").read_text()))
        return self._start([self.arguments[0], str(self.directory / "changed.conf"), self.arguments[2]])

    def _start(self, arguments):
        self.directory.mkdir(parents=True, exist_ok=True)
        environment = dict(os.environ, BUILD=str(BUILD))
        self.log = open(self.directory / "log", "ab")
        self.process = subprocess.Popen(arguments, stdout=self.log, stderr=self.log, env=environment)
        atexit.register(end, self.process)
        control = self.directory / "syslog-ng.ctl"
        if not wait(lambda: self.process.poll() is not None or self.stats() is not None):
            raise RuntimeError("syslog-ng does not answer on %s" % control)
        return self

    def control(self, *arguments):
        return subprocess.run(["syslog-ng-ctl", *arguments, "--control", str(self.directory / "syslog-ng.ctl")],
                              capture_output=True, text=True)

    def stats(self):
        result = self.control("stats")
        return result.stdout if result.returncode == 0 and result.stdout else None

    def counters(self):
        """(name, value) of the parser's counters; from 4.1 on they are metrics with labels"""
        lines = [line.split(";") for line in (self.stats() or "").splitlines() if line.startswith("parser;") and "mailtrace_" in line]
        found = [(";".join(line[1:5]), int(line[-1])) for line in lines]
        if found:
            return found
        metrics = re.findall(r'^syslogng_(mailtrace_\w+)\{id="[^"]*",\w+="([\w-]+)"\} (\d+)$',
                             self.control("stats", "prometheus").stdout, re.M)
        return [(name if label == "all" else name + "_" + label, int(value)) for name, label, value in metrics]

    def counter(self, name):
        return sum(value for counter, value in self.counters() if name in counter)

    def queued(self):
        return sum(int(line.split(";")[-1]) for line in (self.stats() or "").splitlines()
                   if line.startswith("dst.") and ";queued;" in line)

    def wait_for_lines(self, count, seconds=120):
        return wait(lambda: self.counter("lines_by_role") >= count and self.queued() == 0, seconds)

    def messages(self):
        return (self.directory / "log").read_text(errors="replace")

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self.log.close()
        return code


def unpack_logs(directory):
    directory.mkdir(parents=True, exist_ok=True)
    shutil.copy(FOUNDING, directory / "utm-full-message.log")
    for name, target in (("utm-generated.log.gz", "utm-generated.log"), ("exim-mainlog.gz", "exim-mainlog.log")):
        with open(directory / target, "wb") as stream:
            subprocess.run(["gunzip", "-c", str(TOP / "examples/logs" / name)], stdout=stream, check=True)
    return sum(path.read_bytes().count(b"\n") for path in directory.iterdir())


def unpack_unfinished_logs(directory):
    """all sample logs, and that of Exim only up to its middle, where mail is deferred and open"""
    unpack_logs(directory)
    for path in sorted((TOP / "examples/logs").glob("0[2-4]*.log")):
        shutil.copy(path, directory / ("utm-" + path.name))
    mainlog = directory / "exim-mainlog.log"
    mainlog.write_bytes(b"".join(mainlog.read_bytes().splitlines(keepends=True)[:5000]))
    return sum(path.read_bytes().count(b"\n") for path in directory.iterdir())
