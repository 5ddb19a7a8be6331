#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What survives: restarts, kills, reloads, another place for the journal, a damaged one, a full disk, a dead destination.
And the counters of all that: lines in are lines somewhere, messages opened are messages ended or open."""
import gzip
import os
import signal
import subprocess
import time

from harness import BUILD, FOUNDING, TOP, Sink, SyslogNg, check, documents, finish, scratch, wait

directory = scratch()
raw = FOUNDING.read_text().splitlines()
DOCUMENT = "defense:1haLqi-0002Mp-2G"

CONFIGURATION = """# SPDX-License-Identifier: LGPL-2.1-or-later
@version: 3.38
@include "scl.conf"
source s {{ file("{directory}/in.log" flags(no-parse) follow-freq(1)); }};
parser p {{ {parser}; }};
destination d {{ {destination}; }};
log {{ source(s); parser(p); {more} destination(d); flags(flow-control); }};
"""


def configuration(name, parser='mailtrace(journal("open.journal") lines(drop))', destination=None, more=""):
    work = directory / name
    work.mkdir()
    (work / "in.log").write_text("")
    destination = destination or 'file("%s/out.ndjson" template("${MESSAGE}\\n"))' % work
    (work / "test.conf").write_text(CONFIGURATION.format(directory=work, parser=parser, destination=destination, more=more))
    return work, SyslogNg(work / "test.conf", work / "run")


def add(work, lines):
    with open(work / "in.log", "a") as stream:
        stream.write("".join(line + "\n" for line in lines))


def begin(name, **options):
    """half a message"""
    work, server = configuration(name, **options)
    server.start()
    add(work, raw[:9])
    check("%s: half of a message is open" % name, wait(lambda: server.counter("open_messages") == 1), server.counters())
    return work, server


def end(work, server, name):
    add(work, raw[9:])
    check("%s: the whole message is one document" % name, wait(lambda: DOCUMENT in documents(work / "out.ndjson")),
          server.messages()[-800:])
    found = documents(work / "out.ndjson")
    check("%s: with all its lines" % name, [(key, document["lines"], document["end_reason"])
                                            for key, document in found.items()] == [(DOCUMENT, 14, "complete")], found)
    check("%s: clean exit" % name, server.stop() == 0)


work, server = begin("restart")
check("restart: clean exit with an open message", server.stop() == 0)
check("restart: with a journal a shutdown emits nothing", not documents(work / "out.ndjson"))
check("restart: the journal is where the persist file is", (work / "run/open.journal").exists(),
      sorted(os.listdir(work / "run")))
server.start()
check("restart: the message is open again", wait(lambda: server.counter("open_messages") == 1), server.counters())
end(work, server, "restart")

work, server = begin("kill")
server.signal(signal.SIGKILL)
server.process.wait(10)
server.start()
end(work, server, "kill")

work, server = begin("scl", parser="sophos-utm-smtp(lines(drop))")
check("scl: the shipped parser has a journal named after its rule", (work / "run/mailtrace-p.journal").exists(),
      sorted(os.listdir(work / "run")))
server.signal(signal.SIGKILL)
server.process.wait(10)
server.start()
end(work, server, "scl")


def reload(server, old, new):
    path = server.directory / "syslog-ng.conf"
    path.write_text(path.read_text().replace(old, new))
    server.control("reload")
    time.sleep(1.5)


work, server = begin("move")
reload(server, "open.journal", "other.journal")
names = os.listdir(work / "run")
check("move: a reload moves the journal", "other.journal" in names and "open.journal" not in names, names)
server.signal(signal.SIGKILL)
server.process.wait(10)
server.start_again()
end(work, server, "move")

work, server = begin("failed-reload")
reload(server, 'open.journal")', '/nonexistent/x.journal")')
check("failed-reload: the error names option, value, reason and place",
      all(word in server.messages() for word in ("journal()", "/nonexistent/x.journal", "No such file", "syslog-ng.conf:")),
      server.messages()[-800:])
check("failed-reload: was reverted", "reverting" in server.messages())
reload(server, "/nonexistent/x.journal", "open.journal")
server.signal(signal.SIGKILL)
server.process.wait(10)
server.start_again()
end(work, server, "failed-reload")

work, server = begin("late-failure")
bad = 'log { source(s); destination { network("256.0.0.1" persist-name("x")); network("256.0.0.2" persist-name("x")); }; };'
reload(server, "# SPDX", bad + "# SPDX")
reload(server, 'journal("open.journal")', "journal(no)")
check("late-failure: a failed reload keeps the journal", "reverting" in server.messages()
      and (work / "run/open.journal").exists(), server.messages()[-800:])
reload(server, bad, "")
check("late-failure: journal(no) ends it", not (work / "run/open.journal").exists())
reload(server, "journal(no)", 'journal("open.journal")')
check("late-failure: and another reload begins a new one", (work / "run/open.journal").exists())
end(work, server, "late-failure")

work, server = configuration("two", more='parser { mailtrace(journal("open.journal")); };')
result = subprocess.run(server.arguments, capture_output=True, text=True, timeout=60, env=dict(os.environ, BUILD=str(BUILD)))
check("two parsers on one journal: the second says so and syslog-ng does not start", result.returncode != 0
      and "is in use by another parser" in result.stderr and "open.journal" in result.stderr, result.stderr[-800:])

for name, parser, words in (
        ("empty", 'mailtrace(journal(""))', ("journal()", "allowed")),
        ("directory", 'mailtrace(journal("/tmp"))', ("journal()", "/tmp", "Is a directory")),
        ("sync", "mailtrace(journal-sync(-1))", ("journal-sync", "-1", "0 to")),
        ("sync-word", "mailtrace(journal-sync(often))", ("often",))):
    work, server = configuration("wrong-" + name, parser=parser)
    result = subprocess.run(server.arguments, capture_output=True, text=True, timeout=60,
                            env=dict(os.environ, BUILD=str(BUILD)))
    check("wrong %s is an error at start" % name, result.returncode != 0 and "syslog-ng.conf:" in result.stderr
          and all(word in result.stderr for word in words), result.stderr[-800:])

work, server = configuration("damaged")
(work / "run").mkdir()
(work / "run/open.journal").write_bytes(b"not a journal" * 1000)
server.start()
check("damaged: a file that is no journal is moved aside with a warning",
      "a new one was made" in server.messages() and (work / "run/open.journal.unreadable").exists(), server.messages())
add(work, raw[:9])
end(work, server, "damaged")

work, server = begin("torn")
server.stop()
os.truncate(work / "run/open.journal", 600000)
server.start()
check("torn: the part that is lost is told", "torn places" in server.messages(), server.messages())
end(work, server, "torn")


def messages(count):
    """completed messages of one second each, all different"""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    for i in range(count):
        queue_id = "1haL%s%s-0002Mp-%s%s" % (digits[i // 62 // 62 // 62 % 62], digits[i // 62 // 62 % 62],
                                            digits[i // 62 % 62], digits[i % 62])
        for text in ("<= a@b.example P=local S=1 for c@d.example", "=> c@d.example R=r T=t", "Completed"):
            yield "2019-06-10 15:04:40 %s %s" % (queue_id, text)


def count(server):
    """the parser's counters by their short names"""
    return {name.split("mailtrace_")[1]: value for name, value in server.counters() if "mailtrace_" in name}


def check_equations(name, server, lines_in):
    """lines in = lines of each class; messages opened = messages ended + messages open"""
    numbers = {}

    def hold():
        numbers.update(count(server))
        return (sum(numbers["lines_" + kind] for kind in ("of_messages", "of_sessions", "not_ours", "unknown", "repeated",
                                                          "continued", "late")) == lines_in()
                and numbers["messages_opened"] == numbers["open_messages"] + sum(
                    numbers["documents_by_end_reason_" + reason] for reason in ("complete", "timeout", "evicted", "shutdown"))
                and numbers["documents_acknowledged"] + numbers["documents_refused"] == sum(
                    numbers["documents_" + record] for record in ("message", "session", "delivery", "dkim", "scan")))

    check("%s: lines in are lines of messages, of sessions, not ours, unknown, repeated, continued or late; messages opened are "
          "ended or open; documents handed over were taken or refused" % name, wait(hold), (lines_in(), numbers))
    return numbers


def lines_read(server):
    """what the source says it read"""
    return sum(int(line.split(";")[-1]) for line in server.stats().splitlines()
               if line.startswith("src.file;s#0") and ";processed;" in line)


work, server = configuration("equations", parser='mailtrace(journal("open.journal") lines(drop)'
                             ' emit("message", "session", "delivery", "dkim", "scan"))')
(work / "test.conf").write_text((work / "test.conf").read_text().replace("@include", "options { stats-level(1); };\n@include"))
log = gzip.decompress((TOP / "examples/logs/utm-generated.log.gz").read_bytes()).decode().splitlines()
log = log + ["garbage", log[7], "2026:01:01-00:00:00 gateway httpproxy[7]: not ours"]
server.start()
add(work, log[:len(log) // 2])
check("equations: half of a log is read", wait(lambda: lines_read(server) == len(log) // 2), server.stats())
numbers = check_equations("equations, half of a log", server, lambda: lines_read(server))
check("equations: messages are open", numbers["open_messages"] > 0, numbers)
server.signal(signal.SIGKILL)
server.process.wait(10)
server.start()
add(work, log[len(log) // 2:])
check("equations: the other half is read", wait(lambda: lines_read(server) >= len(log) - len(log) // 2), server.stats())
numbers = check_equations("equations, after a kill", server, lambda: lines_read(server))
check("equations: all classes occur", numbers["lines_unknown"] and numbers["lines_repeated"] and numbers["lines_not_ours"],
      numbers)
check("equations: clean exit", server.stop() == 0)

# what lives has room in the journal's file system once, not twice, when a run is killed: the next one keeps what the
# earlier one left, acknowledges nothing, and goes on when there is room
disk = directory / "disk"
disk.mkdir()
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16M", "none", disk], check=True)
try:
    work, server = configuration("narrow", parser='mailtrace(journal("%s/open.journal") lines(drop))' % disk)
    server.start()
    half = ["2019-06-10 15:04:40 1h%04d-0002Mp-2G <= a@b.example P=local S=1 %s" % (i, "for" + 120 * " recipient@c.example")
            for i in range(4000)]
    add(work, half)
    check("narrow: all messages are open", wait(lambda: server.counter("open_messages") == 4000), server.counters())
    for i in range(3):
        server.signal(signal.SIGKILL)
        server.process.wait(10)
        server.start()
        check("narrow: all are open again, and the journal is told to be full", wait(
            lambda: server.counter("open_messages") == 4000 and server.messages().count("cannot grow") == i + 1),
              (server.counters(), server.messages()[-400:]))
    add(work, [line.replace("<= a@b.example P=local S=1", "Completed").split(" for")[0] for line in half])
    check("narrow: messages that end are written, their lines are held",
          wait(lambda: len(documents(work / "out.ndjson")) > 0 and server.counter("lines_held") > 0), server.counters())
    subprocess.run(["mount", "-o", "remount,size=64M", disk], check=True)
    check("narrow: with more room nothing is held", wait(
        lambda: len(documents(work / "out.ndjson")) == 4000 and server.counter("lines_held") == 0), server.counters())
    server.signal(signal.SIGKILL)
    server.process.wait(10)
    server.start()
    check("narrow: nothing is open after a kill", wait(lambda: server.counter("lines_by_role") == 0)
          and server.counter("open_messages") == 0, server.counters())
    check("narrow: clean exit", server.stop() == 0)
finally:
    subprocess.run(["umount", "--lazy", disk], check=True)

COUNT = 3000
work = directory / "dead"
sink = Sink(directory / "sink")
work, server = configuration("dead", destination='unix-stream("%s" template("${MESSAGE}\\n") log-fifo-size(100))'
                             % sink.path, parser='mailtrace(journal("open.journal") lines(drop))')
text = (work / "test.conf").read_text().replace("follow-freq(1)", "follow-freq(1) log-iw-size(500)").replace(
    "@include", "options { time-reopen(1); };\n@include")
(work / "test.conf").write_text(text)
server.start()
add(work, messages(COUNT))
time.sleep(4)
waiting = server.counter("summaries_waiting")
read = server.counter("lines_by_role")
check("dead: a dead destination suspends the source", 0 < read < 3 * COUNT and 0 < waiting <= 500, (read, waiting))
sink.open()
check("dead: every document arrives when it is back", wait(lambda: len(sink.lines) == COUNT, 60),
      (len(sink.lines), server.counters()))
check("dead: nothing waits any more", wait(lambda: server.counter("summaries_waiting") == 0))
check("dead: documents handed over are acknowledged",
      wait(lambda: server.counter("documents_acknowledged") == server.counter("documents_message") == COUNT),
      server.counters())
server.signal(signal.SIGKILL)
server.process.wait(10)
server.start()
time.sleep(2)
check("dead: what comes again after a kill, within the settle time, is the same", len(set(sink.lines)) == COUNT,
      (len(sink.lines), len(set(sink.lines))))
check("dead: clean exit", server.stop() == 0)
finish()
