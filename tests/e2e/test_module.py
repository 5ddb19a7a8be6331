#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The life of the module in real syslog-ng: reload, failed reload, shutdown, options, damaged frames, SCL, counters."""
import json
import os
import signal
import subprocess
import time

from harness import BUILD, FOUNDING, TOP, SyslogNg, check, documents, finish, scratch, wait, written

directory = scratch()
raw = FOUNDING.read_text().splitlines()

CONFIGURATION = """# SPDX-License-Identifier: LGPL-2.1-or-later
@version: 3.38
@include "scl.conf"
source s {{ file("{directory}/in.log" flags({flags}) follow-freq(1)); }};
parser p {{ {parser}; }};
destination d {{ file("{directory}/out.ndjson" template("{template}\\n")); }};
log {{ source(s); parser(p); {tail} flags(flow-control); }};
"""


def configuration(name, parser="sophos-utm-smtp()", flags="no-parse", template="${MESSAGE}",
                  tail='filter { not "${mailtrace.record}" eq "line"; }; destination(d);'):
    work = directory / name
    work.mkdir()
    (work / "in.log").write_text("")
    (work / "test.conf").write_text(CONFIGURATION.format(directory=work, parser=parser, flags=flags, template=template,
                                                         tail=tail))
    return work


def add(work, lines):
    with open(work / "in.log", "a") as stream:
        stream.write("".join(line + "\n" for line in lines))


def output(work):
    return written(work / "out.ndjson", errors="replace")


work = configuration("reload")
server = SyslogNg(work / "test.conf", work / "run").start()
add(work, raw[:6])
check("half of a message is open", wait(lambda: server.counter("open_messages") == 1), server.stats())
check("lines are counted by role", server.counter("lines_by_role_arrival") == 1, server.stats())
server.control("reload")
time.sleep(1)
add(work, raw[6:10])
check("reload keeps the open message", wait(lambda: server.counter("lines_by_role") >= 10), server.stats())
good = (work / "run/syslog-ng.conf").read_text()
(work / "run/syslog-ng.conf").write_text(good + 'log { source(s); parser { mailtrace(); }; destination { file("/nonexistent/x" create-dirs(no)); network("256.0.0.1" persist-name("x")); network("256.0.0.2" persist-name("x")); }; };\n')
server.control("reload")
time.sleep(2)
(work / "run/syslog-ng.conf").write_text(good)
add(work, raw[10:])
wait(lambda: output(work))
found = documents(work / "out.ndjson")
check("a failed reload was reverted", "reverting" in server.messages(), server.messages()[-800:])
check("a failed reload keeps the open message", [document["lines"] for document in found.values()] == [14], found)
check("documents by end reason", wait(lambda: server.counter("end_reason_complete") == 1), server.stats())
check("clean exit", server.stop() == 0)

work = configuration("shutdown", parser="sophos-utm-smtp(journal(no))")
server = SyslogNg(work / "test.conf", work / "run").start()
add(work, raw[:10])
wait(lambda: server.counter("open_messages") == 1)
check("clean exit with an open message", server.stop() == 0)
found = list(documents(work / "out.ndjson").values())
check("without a journal, shutdown emits what is open", len(found) == 1 and found[0]["end_reason"] == "shutdown" and found[0]["lines"] == 10,
      found)

work = configuration("filters", template="${mailtrace.record}|${HOST}|${PROGRAM}|${mailtrace.role}|${mailtrace.queue_id}|"
                     "${mailtrace.client.ip}|${mailtrace.tls.version}|${mailtrace.size}|${TAGS}", tail="destination(d);")
server = SyslogNg(work / "test.conf", work / "run").start()
add(work, raw)
wait(lambda: len(output(work)) >= 15)
check("lines carry fields", "line|defense|exim-in|arrival|1haLqi-0002Mp-2G|ip1.ip2.ip3.ip4|TLSv1.2|67579|" in
      "\n".join(output(work)), output(work))
check("documents carry fields, host, program and tag",
      any(line.startswith("message|defense|mailtrace|||ip1.ip2.ip3.ip4||67579|") and "mailtrace" in line.split("|")[-1]
          for line in output(work)), output(work))
check("clean exit", server.stop() == 0)

work = configuration("parsed", flags="", tail='filter { not "${mailtrace.record}" eq "line"; }; destination(d);')
server = SyslogNg(work / "test.conf", work / "run").start()
add(work, ["<22>" + line for line in raw])
check("the header that syslog-ng takes for its own is repaired", wait(lambda: output(work)), server.messages()[-500:])
found = list(documents(work / "out.ndjson").values())
check("... and gives the same document", found and found[0]["id"] == "defense:1haLqi-0002Mp-2G"
      and found[0]["lines"] == 14 and found[0]["received"] == "2019-06-10T11:04:40-04:00", found)
check("clean exit", server.stop() == 0)

work = configuration("drop", parser="mailtrace(lines(drop) prefix(\".mt.\") emit(\"message\", \"dkim\"))",
                     template="${.mt.record} ${MESSAGE}",
                     tail="destination(d);")
(work / "test.conf").write_text((work / "test.conf").read_text().replace(
    "log { source(s);", 'destination e { file("%s/else.log"); };\nlog { source(s); if {' % work).replace(
        "destination(d); flags", "destination(d); } else { destination(e); }; flags"))
server = SyslogNg(work / "test.conf", work / "run").start()
add(work, raw)
wait(lambda: len(output(work)) >= 2)
check("lines(drop), prefix() and emit()", [line.split()[0] for line in output(work)] == ["dkim", "message"], output(work))
check("clean exit", server.stop() == 0)
check("dropped lines have matched: the else branch stays empty", not (work / "else.log").exists())

for name, parser, words in (
        ("lines", 'mailtrace(lines("keep"))', ("lines()", "keep", "pass, drop")),
        ("field", 'mailtrace(fields("status", "colour"))', ("fields()", "colour", "field table")),
        ("json", 'mailtrace(json("xml"))', ("json()", "xml", "native, ecs")),
        ("emit", 'mailtrace(emit("mail"))', ("emit()", "message")),
        ("zone", 'mailtrace(time-zone("Mars/Base"))', ("time-zone()", "Mars/Base")),
        ("policy", 'mailtrace(tls-policy("none"))', ("tls-policy()", "none", "bsi-tr-02102-2")),
        ("domain", 'mailtrace(local-domains("a.example,b.example"))', ("local-domains()", "a.example,b.example", "domain names")),
        ("alias", 'mailtrace(host-alias("a" => ""))', ("host-alias()", '"a" => ""', "not empty")),
        ("size", "mailtrace(max-message-bytes(1))", ("max-message-bytes()", "value 1 ", "1024")),
        ("timeout", "mailtrace(timeout(0))", ("timeout",))):
    # under the sanitizers' run time, glibc waits for ever when GLib translates the message about an absent file
    if name in ("zone", "policy") and "MAILTRACE_SANITIZED" in os.environ:
        continue
    work = configuration("wrong-" + name, parser=parser)
    result = subprocess.run([str(TOP / "examples/run.sh"), str(work / "test.conf"), str(work / "run")],
                            capture_output=True, text=True, timeout=60, env=dict(os.environ, BUILD=str(BUILD)))
    text = result.stderr + result.stdout
    check("a wrong %s is an error at start" % name, result.returncode != 0 and all(word in text for word in words)
          and "syslog-ng.conf:" in text, text[:600])

work = configuration("options", parser='mailtrace(host-alias("defense" => "cluster") local-domains("TargetDomain.tld")'
                     ' time-zone("America/New_York") max-messages(10) max-recipients(5) max-message-bytes(100000) timeout(60)'
                     ' interim-after(0) settle-time(1) raw(no) json("ecs") tls-policy("mozilla-modern"))')
server = SyslogNg(work / "test.conf", work / "run").start()
add(work, raw)
wait(lambda: output(work))
document = json.loads(output(work)[0])
check("host-alias(), local-domains(), json(ecs)", document["event"]["id"] == "cluster:1haLqi-0002Mp-2G"
      and document["email"]["direction"] == "inbound", document)
check("tls-policy()", document["mailtrace"]["tls"]["policy"] == "mozilla-modern"
      and document["mailtrace"]["tls"]["in"]["verdict"] == "weak", document)
check("clean exit", server.stop() == 0)

policy = directory / "own.policy"
policy.write_text("policy ours\nversion 7\naccept TLS1.2 TLS_RSA_WITH_AES_128_CBC_SHA256\n")
work = configuration("policy-file", parser='mailtrace(tls-policy("%s"))' % policy)
server = SyslogNg(work / "test.conf", work / "run").start()
add(work, raw)
wait(lambda: output(work))
check("tls-policy() of a file", json.loads(output(work)[0])["tls"]["policy"] == "ours", output(work))
check("clean exit with it", server.stop() == 0)

work = configuration("settle", parser="sophos-utm-smtp(settle-time(1))")
server = SyslogNg(work / "test.conf", work / "run").start()
add(work, raw[:-1])
check("a delivered message whose Completed was lost ends after settle-time()", wait(lambda: output(work), 30))
document = list(documents(work / "out.ndjson").values())[0]
check("... and says so", document["status"] == "delivered" and document["missing"] == ["completion"]
      and document["end_reason"] == "complete", document)
check("clean exit", server.stop() == 0)

work = configuration("app", parser="app-parser(topic(syslog-raw))")
server = SyslogNg(work / "test.conf", work / "run").start()
add(work, raw)
check("app-parser() finds the UTM by itself", wait(lambda: output(work)), server.messages()[-500:])
check("clean exit", server.stop() == 0)

work = configuration("clones", tail='filter { not "${mailtrace.record}" eq "line"; }; destination(d);')
text = (work / "test.conf").read_text()
(work / "test.conf").write_text(text + text[text.index("log {"):].replace("destination(d)", "destination(e)")
                                + 'destination e { file("%s/second.ndjson" template("${MESSAGE}\\n")); };\n' % work)
server = SyslogNg(work / "test.conf", work / "run").start()
add(work, raw)
wait(lambda: output(work) and documents(work / "second.ndjson"))
check("two paths through one parser: each has the whole message",
      [[document["lines"] for document in documents(work / name).values()] for name in ("out.ndjson", "second.ndjson")]
      == [[14], [14]], output(work))
server.signal(signal.SIGHUP)
time.sleep(1)
check("clean exit", server.stop() == 0)
finish()
