# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pipelines of syslog-ng over the same lines.  All read them alike; they differ in what stands between source and end."""
import dataclasses
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
import time

from patterndb import patterndb
from tools import die

HEAD = """@version: 3.38
options {{ stats-freq(0); stats-level(0); keep-hostname(yes); use-dns(no); chain-hostnames(no); log-fifo-size(200000);
          threaded(yes); }};
source s_lines {{ {source} }};
"""
# the default log-fetch-limit(10) would cost more than most parsers
NETWORK = 'network(ip("127.0.0.1") port({port}) transport("tcp") max-connections(20) log-fetch-limit(1000) log-iw-size(200000){flags});'
FILE = 'file("{data}" follow-freq(1) log-fetch-limit(1000) log-iw-size(200000){flags});'
MAILTRACE = """parser p {{ mailtrace({options}); }};
destination d {{ file("{output}" template("${{MESSAGE}}\\n")); }};
log {{ source(s_lines); parser(p); {filter} destination(d); flags(flow-control); }};
"""
DOCUMENTS = 'filter { tags("mailtrace"); };'
GROUPING = """parser p_patterns {{ db-parser(file("{scratch}/patterns.xml")); }};
parser p_join {{ grouping-by(key("${{.mail.queue_id}}") scope(global) where("${{.mail.queue_id}}" ne "")
  trigger("${{.mail.role}}" eq "completed") timeout(600) inject-mode(aggregate-only)
  aggregate(value("MESSAGE" "summary") value(".mail.lines" "$(context-length)")
            value(".mail.recipients" "$(context-values ${{.mail.recipient}})") tags("summary"))); }};
destination d {{ file("{output}" template("$(format-json --key .mail.*)\\n")); }};
log {{ source(s_lines); parser(p_patterns); parser(p_join); destination(d); flags(flow-control); }};
"""
CSV_KV = """parser p_columns {{ csv-parser(columns(".mail.date", ".mail.time", ".mail.id", ".mail.flag", ".mail.address", ".mail.rest")
  delimiters(" ") flags(greedy)); }};
parser p_pairs {{ kv-parser(prefix(".mail.") template("${{.mail.rest}}")); }};
log {{ source(s_lines); parser(p_columns); parser(p_pairs); flags(flow-control); }};
"""
NONE = "log {{ source(s_lines); flags(flow-control); }};\n"
TO_FILE = 'destination d {{ file("{output}"); }};\nlog {{ source(s_lines); destination(d); flags(flow-control); }};\n'
VALUES = "parser p {{ set-values({values} {length}); }};\nlog {{ source(s_lines); parser(p); flags(flow-control); }};\n"


def _mailtrace(options, documents=""):
    return MAILTRACE.replace("{options}", options).replace("{filter}", documents.replace("{", "{{").replace("}", "}}"))


PIPELINES = {
    "none": ("no parser, no destination", NONE),
    "none-raw": ("no parser, no destination, flags(no-parse)", NONE),
    "file": ("no parser, to a file", TO_FILE),
    "values": ("as many values set by handle as mailtrace sets, no destination", VALUES),
    "drop": ("mailtrace, lines(drop), documents to a file", _mailtrace("lines(drop)")),
    "drop-journal": ("the same with a journal", _mailtrace('lines(drop) journal("{scratch}/j")')),
    "drop-raw": ("mailtrace as it ships: the UTM's own frame, flags(no-parse), lines(drop)", _mailtrace("lines(drop)")),
    "store-raw": ("the same, documents nothing but stored: fields(\"id\", \"revision\")", _mailtrace('lines(drop) fields("id", "revision")')),
    "pass": ("mailtrace, lines(pass), all fields set, documents to a file", _mailtrace("lines(pass)", DOCUMENTS)),
    "pass-journal": ("the same with a journal", _mailtrace('lines(pass) journal("{scratch}/j")', DOCUMENTS)),
    "csv-kv": ("csv-parser, kv-parser, no destination", CSV_KV),
    "grouping": ("db-parser, grouping-by, JSON to a file", GROUPING),
}
# read the lines as they come; the others have syslog-ng take the header off, as db-parser() needs it
RAW = {name for name in PIPELINES if name.endswith("-raw")}

# not measured: says what mailtrace sets on lines
PROBE = (_mailtrace("lines(pass)")
         .replace("${{MESSAGE}}", "$(format-json --key mailtrace.*)"))


@dataclasses.dataclass
class Run:
    cpu: float       # seconds of the process, user and system, from start to end
    wall: float      # seconds from the first byte to the last line read
    output: int      # lines in the destination's file


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            die(what)
        time.sleep(0.01)


class Server:
    """a syslog-ng with one pipeline, from start to end"""

    def __init__(self, build, name, data, network, values, wrapper=()):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=data[0].parent))
        self.port, self.output, self.name = _free_port(), self.scratch / "output", name
        self.data, self.network, self.wrapper = data, network, wrapper
        flags = " flags(no-parse)" if name in RAW else ""
        source = NETWORK.format(port=self.port, flags=flags) if network else FILE.format(data=data[0], flags=flags)
        text = (HEAD + (PROBE if name == "probe" else PIPELINES[name][1])).format(source=source, output=self.output, scratch=self.scratch, values=values[0],
                                                 length=values[1])
        (self.scratch / "conf").write_text(text, encoding="utf-8")
        (self.scratch / "patterns.xml").write_text(patterndb(), encoding="utf-8")
        self.modules = build
        self.process = None

    def start(self):
        modules = subprocess.run(["pkg-config", "--variable=moduledir", "syslog-ng"], capture_output=True, text=True,
                                 check=True).stdout.strip()
        path = "%s:%s:%s" % (modules, self.modules / "lib", self.modules / "lib/bench")
        files = ["--%s=%s" % (option, self.scratch / option) for option in ("persist-file", "pidfile", "control")]
        self.process = subprocess.Popen([*self.wrapper, "syslog-ng", "-F", "--no-caps", "-f", self.scratch / "conf",
                                         "--module-path", path, *files], stdout=subprocess.DEVNULL,
                                        stderr=open(self.scratch / "stderr", "w", encoding="utf-8"))
        _wait((self.scratch / "control").exists, 120, "syslog-ng does not start, see %s/stderr" % self.scratch)

    def _send(self, path):
        """ends when syslog-ng has read all"""
        with socket.create_connection(("127.0.0.1", self.port)) as stream, open(path, "rb") as log:
            stream.sendfile(log)
            stream.shutdown(socket.SHUT_WR)
            stream.settimeout(1800)
            stream.recv(1)

    def _feed_network(self):
        feeders = [threading.Thread(target=self._send, args=(path,)) for path in self.data]
        for feeder in feeders:
            feeder.start()
        for feeder in feeders:
            feeder.join()

    def _child(self):
        return self.process.pid

    def _position(self):
        for descriptor in pathlib.Path("/proc/%d/fd" % self._child()).iterdir():
            try:
                if os.readlink(descriptor) == str(self.data[0]):
                    info = pathlib.Path("/proc/%d/fdinfo/%s" % (self._child(), descriptor.name)).read_text()
                    return int(info.split()[1])
            except OSError:
                pass
        return 0

    def _cpu_ticks(self):
        fields = pathlib.Path("/proc/%d/stat" % self._child()).read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    def _settle(self):
        """until nothing moves any more: destinations have written"""
        before, still = -1, 0
        while still < 3:
            time.sleep(0.1)
            now = self._cpu_ticks()
            still = still + 1 if now <= before + 1 else 0
            before = now

    def feed(self):
        begin = time.monotonic()
        if self.network:
            self._feed_network()
        else:
            size = self.data[0].stat().st_size
            _wait(lambda: self._position() >= size, 1800, "syslog-ng does not read the file")
        wall = time.monotonic() - begin
        self._settle()
        return wall

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        if self.process.returncode:
            die("syslog-ng ended with %d, see %s/stderr" % (self.process.returncode, self.scratch))
        return usage.ru_utime + usage.ru_stime

    def count_output(self):
        if not self.output.exists():
            return 0
        with open(self.output, "rb") as text:
            return sum(block.count(b"\n") for block in iter(lambda: text.read(1 << 20), b""))

    def clean(self):
        for path in self.scratch.iterdir():
            path.unlink()
        self.scratch.rmdir()


def measure(build, name, data, network, values):
    server = Server(build, name, data, network, values)
    server.start()
    wall = server.feed()
    cpu = server.stop()
    result = Run(cpu, wall, server.count_output())
    server.clean()
    return result


def idle_cpu(build, name, empty, values):
    """of starting and ending"""
    return min(measure(build, name, [empty], True, values).cpu for _ in range(2))
