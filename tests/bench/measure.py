#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures all, side by side, each thing as often as the others and in turn; called by run.sh, which says how."""
import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import pipelines  # noqa: E402
import render  # noqa: E402
from tools import BUILD, TOP, build_stages, build_whole, callgrind, callgrind_total, callgrind_wrapper, die, run  # noqa: E402

PARTS = ("command", "core", "module", "instructions")
LINES_A_MESSAGE = {"utm": 13.2, "exim": 3.95}
CONNECTIONS = (1, 2, 4)
# functions of the command's own path, those of their callees included; what a stage holds of a later one is taken off
STAGES = {"scan": ("frame_split_next", "line_parse"), "join": ("tracker_feed", "tracker_finish"), "summary": ("message_summarize",),
          "document": ("document_write",)}
MEMORY_MESSAGES = 200000


class Bench:
    def __init__(self, options):
        self.options, self.begin = options, time.monotonic()
        self.data = BUILD / "data"
        self.results = {"conditions": {"load at the start": "%.2f" % os.getloadavg()[0]}}

    def say(self, text):
        print("%6.0f s  %s" % (time.monotonic() - self.begin, text), file=sys.stderr, flush=True)

    def build(self):
        self.say("building")
        self.release, self.staged = build_whole(), build_stages()
        self.data.mkdir(parents=True, exist_ok=True)
        for name in ("utmgen", "eximgen"):
            run(["gcc", "-D_GNU_SOURCE", "-std=gnu11", "-O2", "-o", BUILD / name, TOP / ("tests/lab/%s.c" % name)])

    def log(self, generator, name, lines, *arguments):
        """a made log; lines: about"""
        messages = int(lines / LINES_A_MESSAGE[generator])
        path = self.data / name
        with open(path, "wb") as out:
            subprocess.run([BUILD / (generator + "gen"), "-m", str(messages), *arguments], stdout=out, check=True)
        return path

    def network_logs(self, lines, frame, connections=CONNECTIONS):
        """for each number of connections: as many logs, each of a host of its own"""
        epoch = str(int(time.time()) - 172800)   # RFC 3164 stamps have no year: that of now must be the right one
        return {n: [self.log("utm", "%s-%d-%d.log" % (frame, n, i), lines / n, "-c", "40", "-s", str(10 * n + i), "-e", epoch,
                             "-H", frame, "-n", "gateway%d" % i) for i in range(n)] for n in connections}

    def command(self):
        log = self.log("exim", "main.log", self.options.lines, "-t", self.data / "truth")
        lines = count_lines([log])
        tools = {
            "mailtrace": [self.release / "bin/mailtrace", "--quiet", "--time-zone=UTC", "--output=" + str(self.data / "out"), log],
            "exigrep": ["exigrep", "noreply773@shop.example", log],
            "exigrep, every message": ["exigrep", ".", log],
            "eximstats": ["eximstats", log],
        }
        rows = {name: [] for name in tools}
        for i in range(self.options.runs):
            self.say("command, run %d of %d" % (i + 1, self.options.runs))
            for name, words in tools.items():
                cpu, wall = timed(words)
                rows[name].append({"cpu": cpu / lines * 1e6, "wall": wall / lines * 1e6})
        self.check_documents()
        self.results["command"] = {"lines": lines, "rows": rows}

    def check_documents(self):
        """fast and wrong would be easy"""
        ids = {line.split("\t")[1] for line in open(self.data / "truth", encoding="utf-8")}
        found = set(re.findall(r'"id":"localhost:([^":]+)"', (self.data / "out").read_text(encoding="utf-8")))
        if ids - found:
            die("%d of %d messages have no document" % (len(ids - found), len(ids)))

    def stages(self, name, log):
        self.say("instructions of the command, " + name)
        words = ["bin/mailtrace", "--quiet", "--time-zone=UTC", "--output=/dev/null"]
        total, _ = self.profile(self.release, words, log)
        whole, costs = self.profile(self.staged, words, log)
        cost = {stage: sum(costs.get(function, 0) for function in functions) for stage, functions in STAGES.items()}
        missing = [stage for stage in cost if not cost[stage]]
        if missing:
            die("stage %s has no cost: its functions are called otherwise now, see STAGES in tests/bench/measure.py" % missing)
        cost["join"] -= cost["summary"]
        cost["reading, writing"] = whole - sum(cost.values())
        cost["saved by the linker"] = total - whole
        return {"total": total, "stages": cost}

    def profile(self, build, words, log):
        """instructions a line: all, and by function"""
        whole, none = (callgrind([build / words[0], *words[1:], path], self.data / "callgrind") for path in (log, "/dev/null"))
        lines = count_lines([log])
        return (whole.total - none.total) / lines, {name: (number - none.functions.get(name, 0)) / lines
                                                    for name, number in whole.functions.items()}

    def core(self):
        lines = min(self.options.lines, 60000)
        self.results["stages"] = {
            "UTM": self.stages("UTM", self.log("utm", "stages-utm.log", lines, "-c", "40")),
            "Exim": self.stages("Exim", self.log("exim", "stages-exim.log", lines)),
        }
        self.say("memory of an open message")
        text = run([self.release / "bin/bench-memory", MEMORY_MESSAGES])
        self.results["memory"] = float(re.search(r"heap bytes a message +([\d.]+)", text).group(1))
        sizes = (1000, 10000, 100000) if self.options.fast else (1000, 10000, 100000, 1000000)
        growth = {size: [] for size in sizes}
        documents = {"native": [], "ecs": []}
        for i in range(self.options.runs):
            self.say("open messages, run %d of %d" % (i + 1, self.options.runs))
            for size in sizes:
                # few open messages serve few lines: so more often
                texts = [run([self.release / "bin/bench-growth", size]) for _ in range(max(1, 20000 // size))]
                growth[size].append(min(float(re.search(r"([\d.]+) ns", text).group(1)) for text in texts))
            for name, number in re.findall(r"(\w+) (\d+) documents", run([self.release / "bin/bench-documents"])):
                documents[name].append(int(number))
        self.results["growth"], self.results["documents"] = growth, documents

    def values_a_line(self):
        """number and mean length of the values that mailtrace sets, on lines and documents, for each line"""
        log = self.network_logs(20000, "pri", (1,))[1]
        server = pipelines.Server(self.release, "probe", log, True, (0, 0))
        server.start()
        server.feed()
        server.stop()
        lengths = []
        for line in open(server.output, encoding="utf-8"):
            lengths += [len(value) for value in leaves(json.loads(line))]
        server.clean()
        return round(len(lengths) / count_lines(log)), round(sum(lengths) / len(lengths))

    def ways(self):
        """name, log in syslog-ng's frame, log in the UTM's frame"""
        framed, raw = (self.network_logs(self.options.lines, frame) for frame in ("pri", "utm"))
        yield "file", self.network_logs(self.options.lines, "bsd", (1,))[1], raw[1]
        for n in CONNECTIONS:
            yield str(n), framed[n], raw[n]

    def module(self):
        values = self.values_a_line()
        ways = list(self.ways())
        empty = self.data / "empty"
        empty.write_bytes(b"")
        names = list(pipelines.PIPELINES)
        idle = {name: pipelines.idle_cpu(self.release, name, empty, values) for name in names}
        rows = {name: {way: [] for way, *_ in ways} for name in names}
        for i in range(self.options.runs):
            for way, framed, raw in ways:
                self.say("syslog-ng, run %d of %d, %s" % (i + 1, self.options.runs,
                                                          "a file" if way == "file" else way + " connections"))
                for name in names:
                    data = raw if name in pipelines.RAW else framed
                    lines = count_lines(data)
                    result = pipelines.measure(self.release, name, data, way != "file", values)
                    rows[name][way].append({"cpu": (result.cpu - idle[name]) / lines * 1e6, "rate": lines / result.wall})
        self.results["module"] = {"values": values, "rows": rows}

    def instructions(self):
        values = self.values_a_line()
        rows = {}
        logs = {frame: [self.network_logs(lines, frame, (1,))[1][0].rename(self.data / ("%s-%d" % (frame, lines)))
                        for lines in (40000, 10000)] for frame in ("pri", "utm")}
        for name in pipelines.PIPELINES:
            self.say("instructions of syslog-ng, " + name)
            whole, part = logs["utm" if name in pipelines.RAW else "pri"]
            rows[name] = ((self.count(name, [whole], values) - self.count(name, [part], values))
                          / (count_lines([whole]) - count_lines([part])))
        self.results["instructions"] = {"values": values, "rows": rows}

    def count(self, name, data, values):
        output = self.data / "callgrind"
        server = pipelines.Server(self.release, name, data, True, values, callgrind_wrapper(output))
        server.start()
        server.feed()
        server.stop()
        server.clean()
        return callgrind_total(output)

    def note_conditions(self):
        first = lambda *words: run(words).splitlines()[0].strip()  # noqa: E731
        cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
        git = ["git", "-c", "safe.directory=*", "-C", str(TOP)]
        self.results["conditions"].update({
            "date": datetime.date.today().isoformat(),
            "commit": first(*git, "describe", "--always", "--dirty"),
            "CPU": cpu.group(1) if cpu else platform.machine(),
            "cores": str(os.cpu_count()),
            "kernel": platform.release(),
            "syslog-ng": first("dpkg-query", "-W", "-f=${Version}", "syslog-ng-core"),
            "Exim's tools": first("dpkg-query", "-W", "-f=${Version}", "exim4-base"),
            "compiler": first("gcc", "--version"),
            "load at the end": "%.2f" % os.getloadavg()[0],
            "runs": str(self.options.runs),
            "lines": str(self.options.lines),
        })


def leaves(value):
    if isinstance(value, dict):
        return [leaf for child in value.values() for leaf in leaves(child)]
    return [",".join(map(str, value)) if isinstance(value, list) else str(value)]


def count_lines(paths):
    return sum(block.count(b"\n") for path in paths for block in iter_blocks(path))


def iter_blocks(path):
    with open(path, "rb") as text:
        while block := text.read(1 << 20):
            yield block


def timed(words):
    begin = time.monotonic()
    process = subprocess.Popen([str(word) for word in words], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        die("%s failed with %d" % (words[0], process.returncode))
    return usage.ru_utime + usage.ru_stime, time.monotonic() - begin


def parse_options():
    parser = argparse.ArgumentParser(prog="tests/bench/run.sh")
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--runs", type=int)
    parser.add_argument("--lines", type=int)
    parser.add_argument("--output", type=pathlib.Path, default=BUILD / "results")
    options = parser.parse_args()
    options.parts = options.parts.split(",")
    for part in options.parts:
        if part not in PARTS:
            parser.error("unknown part %s of --parts, allowed: %s" % (part, ", ".join(PARTS)))
    options.runs = options.runs or (3 if options.fast else 5)
    options.lines = options.lines or (150000 if options.fast else 1000000)
    if options.runs < 1 or options.lines < 20000:
        parser.error("--runs must be 1 at least, --lines 20000")
    return options


def main():
    options = parse_options()
    bench = Bench(options)
    bench.build()
    for part in options.parts:
        getattr(bench, part)()
    bench.note_conditions()
    shutil.rmtree(bench.data)
    options.output.mkdir(parents=True, exist_ok=True)
    # what is not measured now stays as it was
    stored = options.output / "results.json"
    results = json.loads(stored.read_text(encoding="utf-8")) if stored.exists() else {}
    results.update(json.loads(json.dumps(bench.results)))
    stored.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    render.render(results, options.output)
    bench.say("written: %s" % (options.output / "results.md"))
    print((options.output / "results.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
