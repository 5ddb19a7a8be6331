# SPDX-License-Identifier: LGPL-2.1-or-later
"""What launchers of engines share: downloads kept in the user's cache directory, free ports, processes ended by their id."""
import atexit
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "mailtrace/engines"
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>tests</groupId><artifactId>%s</artifactId><version>1</version><dependencies>%s</dependencies></project>
"""
DEPENDENCY = "<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></dependency>"


def class_path(name, *artifacts):
    """the class path of Maven artifacts ("group:artifact:version") and all they depend on"""
    directory = CACHE / name
    stamp = directory / "artifacts"
    wanted = "\n".join(artifacts)
    found = directory / "classpath"
    jars = found.read_text().split(":") if found.exists() else []
    if not stamp.exists() or stamp.read_text() != wanted or not all(map(os.path.exists, jars)):
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "pom.xml").write_text(POM % (name, "".join(DEPENDENCY % tuple(a.split(":")) for a in artifacts)))
        _run_maven(directory, "dependency:build-classpath", "-Dmdep.outputFile=classpath")
        stamp.write_text(wanted)
    return found.read_text().strip()


def _run_maven(directory, *arguments):
    """what is there stays there: another attempt goes on where the last one ended"""
    command = ["mvn", "-q", "-B", "-Dmaven.repo.local=%s" % (CACHE / "maven"), *arguments]
    for last in (False, False, True):
        if subprocess.run(command, cwd=directory, check=last, timeout=900).returncode == 0:
            return


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def temporary(name):
    path = pathlib.Path(tempfile.mkdtemp(prefix="mailtrace-%s-" % name))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


class Engine:
    """A server in a temporary directory; it ends with the program that started it, and may be stopped and started"""

    name = "engine"

    def __init__(self, directory=None):
        self.directory = pathlib.Path(directory) if directory else temporary(self.name)
        self.process = None
        atexit.register(self.stop)

    def arguments(self):
        raise NotImplementedError

    def answers(self):
        raise NotImplementedError

    def start(self, seconds=180, **options):
        self.directory.mkdir(parents=True, exist_ok=True)
        log = self.directory / (self.name + ".log")
        with open(log, "ab") as stream:
            self.process = subprocess.Popen(self.arguments(), stdout=stream, stderr=stream, stdin=subprocess.DEVNULL, **options)
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            if self.answers():
                return self
            time.sleep(0.2)
        tail = log.read_text(errors="replace")[-3000:]
        self.stop()
        raise RuntimeError("%s does not start:\n%s" % (self.name, tail))

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def kill(self):
        self.stop(signal.SIGKILL)


def run_until_signal(engine):
    """for a launcher that is run by itself: until Ctrl-C or SIGTERM"""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        engine.process.wait()
    except KeyboardInterrupt:
        pass
