#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""examples/rsyslog.conf in real rsyslogd, with the package installed, in a chroot: rsyslogd and the command are killed in
the middle, and nothing is lost."""
import gzip
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402
from harness import FOUNDING, TOP, check, comparable, documents, finish, wait  # noqa: E402

harness.COMMAND = "/usr/bin/mailtrace"
seed, kills = int(os.environ.get("SEED", time.time())), int(os.environ.get("KILLS", 11))
print("SEED=%d" % seed)
draw = random.Random(seed)
output, mainlog = pathlib.Path("/var/log/mailtrace.ndjson"), pathlib.Path("/var/log/exim4/mainlog")
for folder in (mainlog.parent, pathlib.Path("/var/lib/mailtrace"), pathlib.Path("/var/spool/rsyslog")):
    folder.mkdir(parents=True, exist_ok=True)
configuration = pathlib.Path("/etc/rsyslog.conf")
configuration.write_text('global(workDirectory="/var/spool/rsyslog")\n' + (TOP / "examples/rsyslog.conf").read_text())
result = subprocess.run(["rsyslogd", "-N1", "-f", configuration], capture_output=True, text=True)
check("rsyslogd finds no fault in the configuration", result.returncode == 0 and "error" not in result.stderr.lower(),
      result.stderr)


def start():
    return subprocess.Popen(["rsyslogd", "-n", "-f", configuration, "-i", "/tmp/rsyslogd.pid"])


def stop(process):
    process.terminate()
    return process.wait(30)


def expected(path):
    lines = harness.run_command(path).stdout.decode().splitlines()
    return {document["id"]: comparable(document) for document in map(harness.json.loads, lines)
            if document.get("end_reason") != "shutdown"}


def found():
    return {key: comparable(document) for key, document in documents(output).items()}


def listening():
    """on TCP and on UDP: a datagram before is lost"""
    try:
        socket.create_connection(("127.0.0.1", 5514)).close()
        return ":%04X " % 5514 in pathlib.Path("/proc/net/udp").read_text()
    except OSError:
        return False


def supervised(process):
    """Debian's unit has Restart=on-failure: a rsyslogd that fails by itself, seen about once in a hundred kills, is started again"""
    if process.poll() is None:
        return process
    print("rsyslogd ended by itself with %d" % process.returncode)
    return start()


server = start()
check("rsyslogd listens", wait(listening))
lines = FOUNDING.read_bytes().splitlines()
with socket.create_connection(("127.0.0.1", 5514)) as stream:
    stream.sendall(b"".join(b"<22>" + line + b"\n" for line in lines))
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for line in lines:
    datagrams.sendto(b"<22>" + line.replace(b" defense ", b" gateway2 "), ("127.0.0.1", 5514))
founding = expected(FOUNDING)
wanted = set(founding) | {key.replace("defense", "gateway2") for key in founding}
check("a document each of what came over TCP and UDP", wait(lambda: set(found()) >= wanted), (sorted(found()), sorted(wanted)))
check("... that of the command", found().get("defense:1haLqi-0002Mp-2G") == founding["defense:1haLqi-0002Mp-2G"], found())

log = gzip.decompress((TOP / "examples/logs/exim-mainlog.gz").read_bytes()).splitlines(keepends=True)
whole = pathlib.Path("/tmp/mainlog")
whole.write_bytes(b"".join(log))
sent = killed = 0
with open(mainlog, "ab", buffering=0) as stream:
    while sent < len(log):
        for line in log[sent:sent + len(log) // (kills + 1) + 1]:
            stream.write(line)
        sent += len(log) // (kills + 1) + 1
        time.sleep(draw.random() * 1.5)
        server = supervised(server)
        if sent < len(log):
            victim = server.pid
            children = subprocess.run(["pgrep", "-P", str(victim)], capture_output=True, text=True).stdout.split()
            if children and draw.random() < 0.4:
                os.kill(int(children[0]), signal.SIGKILL)
            else:
                server.kill()
                server.wait()
                server = start()
            killed += 1
wanted = expected(whole)


def core(document):
    """imfile begins again at the start of the file when a kill tore its state: what a gateway logs at all is then known earlier"""
    return {key: value for key, value in document.items() if key not in ("dkim_result", "dkim_count")}


def complete():
    global server
    server = supervised(server)
    have = found()
    return all(key in have and core(have[key]) == core(document) for key, document in wanted.items())


done = wait(complete, 300)
have = found()
missing = [key for key in wanted if key not in have]
other = [(have[key], wanted[key]) for key in wanted if key in have and core(have[key]) != core(wanted[key])]
check("%d kills of rsyslogd or the command: every document of the command over the whole log, as it is there" % killed,
      done, (len(missing), missing[:3], len(other), other[:1], len(wanted)))
print("%d lines, %d documents, %d kills" % (len(log), len(wanted), killed))
code = stop(server)
check("rsyslogd ends", code == 0, code)
check("the command said nothing but that a journal was in use", all(
    "in use" in line for line in pathlib.Path("/var/log/mailtrace.err").read_text().splitlines()
    if line.strip()) if pathlib.Path("/var/log/mailtrace.err").exists() else True,
    pathlib.Path("/var/log/mailtrace.err").read_text()[-600:] if pathlib.Path("/var/log/mailtrace.err").exists() else "")
finish()
