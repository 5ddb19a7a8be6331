#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""examples/privacy.conf in real syslog-ng, and the command's options: no local part, login or subject that a log has is in
what comes out, neither in ${MESSAGE} nor in any value; and nothing else is missing."""
import json
import os
import re
import subprocess

from harness import BUILD, TOP, SyslogNg, check, comparable, documents, finish, run_command, scratch, unpack_logs

directory = scratch()
logs = directory / "logs"
unpack_logs(logs)
(logs / "exim-mainlog.log").rename(directory / "exim-mainlog.log")
with open(logs / "hostile.log", "w", encoding="utf-8") as stream:
    for line in ("login authenticator failed for (x) [192.0.2.9]:4000: 535 Incorrect authentication data (set_id=private.person)",
                 "H=(x) [192.0.2.9]:4001 F=<private.person@a.example> rejected RCPT <other.person@b.example>: no \\\"private.person\\\" here",
                 "1haLqi-0002Mq-2G <= private.person@a.example H=h [192.0.2.9] P=esmtp S=1 id=private.person@a T=\"of \\\" private.person\" for \"private.person\"@b.example",
                 "1haLqi-0002Mq-2G ** \"private.person\"@b.example R=r T=t H=h [192.0.2.8]: SMTP error: 550 private.person is gone",
                 "1haLqi-0002Mq-2G Completed"):
        stream.write("2019-06-10 15:04:40 %s\n" % line)
lines = sum(path.read_bytes().count(b"\n") for path in logs.iterdir())
# names of people in the sample logs that are words of a mail server as well
WORDS = re.compile(r"[0-9a-f-]+|postmaster|Completed|blocked|discarded")
KEY = "a key of the test for hashes"
(directory / "key").write_text(KEY + "\n")
EMIT = "--emit=message,session,delivery"


def closed(text):
    return {document["id"]: document for document in map(json.loads, text.decode().splitlines())}


def strings(value):
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(item)
    if isinstance(value, str):
        yield value


def private_words(document):
    """what a document without protection shows of people"""
    addresses = [document.get("sender", ""), document.get("sender_original", ""), (document["auth"].get("id", "")
                 if isinstance(document.get("auth"), dict) else "")]
    addresses += document.get("recipients", [])
    for part in [document] + document.get("deliveries", []) + document.get("refusals", []):
        addresses += [part.get(key, "") for key in ("recipient", "original_recipient", "sender", "return_path", "auth_id")]
    return {address.rpartition("@")[0] or address for address in addresses} | {document.get("subject", "")}


def check_private(name, plain, covered, text):
    words = set().union(*map(private_words, plain.values()))
    # short ones, and names of things, are in other values rightly
    words = {word for word in words if len(word) > 6 and not WORDS.fullmatch(word)}
    body = re.sub(r'"(gateway|host|router|transport|selector|helo|domain|engine|shape)":"[^"]*"', "", text)
    shown = sorted(word for word in words if json.dumps(word)[1:-1] in body)
    check("%s: none of %d private words is shown" % (name, len(words)), len(words) > 20 and not shown, shown[:5])
    check("%s: as many documents, messages with the same ids" % name, len(plain) == len(covered) and {
        key for key in plain if plain[key]["record"] == "message"} == {
        key for key in covered if covered[key]["record"] == "message"}, (len(plain), len(covered)))


for option in ("--anonymize=subject,local-part", "--omit=subject,local-part,text"):
    for path in sorted(logs.glob("*.log")) + [directory / "exim-mainlog.log"]:
        plain = closed(run_command(EMIT, path).stdout)
        text = run_command(EMIT, option, "--anonymize-key=%s" % (directory / "key"), path).stdout
        if path.name in ("utm-generated.log", "exim-mainlog.log"):
            check_private("%s %s" % (option, path.name), plain, closed(text), text.decode())
        check("%s %s: the hostile person is nowhere" % (option, path.name), b"private.person" not in text
              and b"other.person" not in text, [line for line in text.splitlines() if b".person" in line][:2])

expected = {}
for path in sorted(logs.glob("*.log")):
    expected.update(closed(run_command(EMIT, "--host=x", "--anonymize=subject,local-part", "--omit=text",
                                       "--anonymize-key=%s" % (directory / "key"), path).stdout))
expected = {key: document for key, document in expected.items() if document.get("end_reason") != "shutdown"
            and not key.startswith("x:")}
(directory / "privacy.conf").write_text((TOP / "examples/privacy.conf").read_text().replace(
    'template("${MESSAGE}\\n")', 'template("${MESSAGE}\\t$(format-json --scope none --key mailtrace.*)\\n")'))
server = SyslogNg(directory / "privacy.conf", directory / "run", logs=logs, output=directory / "out", key=KEY).start()
check("privacy.conf reads all lines", server.wait_for_lines(lines), server.messages()[-600:])
check("privacy.conf ends cleanly", server.stop() == 0)
rows = [line.split("\t") for line in (directory / "out/private.ndjson").read_text().splitlines()]
(directory / "messages.ndjson").write_text("".join(row[0] + "\n" for row in rows))
found = documents(directory / "messages.ndjson")
wrong = [key for key in expected if key not in found or comparable(found[key]) != comparable(expected[key])]
check("privacy.conf: the documents of the command", expected and not wrong, (len(expected), wrong[:3]))
values = "".join(row[1] for row in rows)
plain = {}
for path in sorted(logs.glob("utm-generated.log")):
    plain.update(closed(run_command(EMIT, path).stdout))
words = {word for document in plain.values() for word in private_words(document) if len(word) > 6}
shown = sorted(word for word in words if json.dumps(word)[1:-1] in values and not WORDS.fullmatch(word))
check("privacy.conf: no value shows one of %d private words" % len(words), words and not shown, shown[:5])
check("privacy.conf: the hostile person is nowhere", ".person" not in values and not any(".person" in row[0] for row in rows))

for name, options, word in (("lines", 'omit("subject")', "lines()"), ("key", 'lines(drop) anonymize("subject")', "key"),
                            ("thing", 'lines(drop) omit("names")', "local-part"), ("text", 'lines(drop) anonymize("text")', "omitted"),
                            ("raw", 'lines(drop) raw(yes) omit("subject")', "raw(yes)"),
                            ("short", 'lines(drop) anonymize-key("short")', "16")):
    work = directory / ("wrong-" + name)
    work.mkdir()
    (work / "test.conf").write_text('@version: 3.38\nlog { source { internal(); }; parser { mailtrace(%s); }; };\n' % options)
    result = subprocess.run([str(TOP / "examples/run.sh"), str(work / "test.conf"), str(work / "run")], capture_output=True,
                            text=True, timeout=60, env=dict(os.environ, BUILD=str(BUILD)))
    check("a wrong %s is an error at start" % name, result.returncode != 0 and word in result.stderr, result.stderr[-500:])
for options in (("--anonymize=subject",), ("--omit=names",), ("--omit=subject", "--raw=x"), ("--anonymize-key=/absent",)):
    check("the command says no to %s" % " ".join(options), run_command(*options, "-", stdin=b"").returncode == 2)
finish()
