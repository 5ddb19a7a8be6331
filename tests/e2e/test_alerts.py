#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""examples/alerts.conf in real syslog-ng: each alert is there for what deserves it, and for nothing else."""
import collections
import json

from harness import TOP, SyslogNg, check, comparable, documents, finish, run_command, scratch, unpack_logs, wait

directory = scratch()
logs = directory / "logs"
unpack_logs(logs)
(logs / "exim-mainlog.log").unlink()
with open(logs / "logins.log", "w", encoding="utf-8") as stream:
    for i in range(25):
        stream.write("2019-06-10 15:%02d:%02d login authenticator failed for (x) [192.0.2.9]:%d: 535 Incorrect authentication data"
                     " (set_id=user%d)\n" % (4 + i // 6, i % 6 * 10, 4000 + i, i))
        if i < 9:
            stream.write("2019-06-10 15:%02d:%02d login authenticator failed for (x) [192.0.2.10]:%d: 535 Incorrect authentication data"
                         " (set_id=admin)\n" % (4 + i // 6, i % 6 * 10, 4000 + i))
lines = sum(path.read_bytes().count(b"\n") for path in logs.iterdir())
expected = {}
for path in sorted(logs.glob("utm-*.log")):
    result = run_command("--emit=message,session,delivery,dkim", path)
    expected.update((document["id"], document) for document in map(json.loads, result.stdout.splitlines())
                    if document.get("end_reason") != "shutdown")
records = collections.defaultdict(list)
for document in expected.values():
    records[document["record"]].append(document)


def bad(tls):
    return tls.get("verdict", "acceptable") != "acceptable"


def delivered_badly(document):
    return document["status"] == "delivered" and bad(document.get("tls", {}))


def most(values):
    return collections.Counter(values).most_common(1)[0][0]


def alerts(name):
    path = directory / "alerts" / name
    return path.read_text(errors="replace").splitlines() if path.exists() else []


partner_in = most(document["sender_domain"] for document in records["message"]
                  if document.get("sender_domain") and bad(document.get("tls", {}).get("in", {})))
partner_out = most(document["domain"] for document in records["delivery"] if delivered_badly(document))
own = most(document["domain"] for document in records["dkim"] if document["result"] != "pass")
recipient = most(address for document in records["message"] for address in document.get("recipients", ()))
partners = {partner_in, partner_out}

(directory / "partners").write_text("".join("%s\n" % domain for domain in sorted(partners | {"x" + partner_in})))
(directory / "own").write_text(own + "\n")
server = SyslogNg(TOP / "examples/alerts.conf", directory / "run", logs=logs, output=directory / "alerts",
                  partners=directory / "partners", own=directory / "own", recipient=recipient).start()
check("all lines are read", server.wait_for_lines(lines), server.messages()[-900:])
wait(lambda: len(alerts("logins.log")) >= 2)
check("clean exit", server.stop() == 0)


wanted = sorted("from %s %s %s" % (document["sender_domain"], document["tls"]["in"]["verdict"], document["id"])
                for document in records["message"]
                if document.get("sender_domain") in partners and bad(document.get("tls", {}).get("in", {})))
wanted += sorted("to %s %s %s" % (document["domain"], document["tls"]["verdict"], document["message"])
                 for document in records["delivery"] if document["domain"] in partners and delivered_badly(document))
found = [" ".join(line.split(" ")[2:]) for line in alerts("partners.log")]
check("mail from and to partners without acceptable TLS", len(wanted) > 1 and sorted(found) == sorted(wanted),
      (len(found), len(wanted), sorted(set(found) ^ set(wanted))[:3]))
wanted = sorted(document["message"] for document in records["dkim"] if document["domain"] == own and document["result"] != "pass")
found = sorted(line.split(" ")[-1] for line in alerts("own-dkim.log"))
check("signatures of an own domain that do not verify", wanted and found == wanted, (len(found), len(wanted)))
wanted = {document["id"] for document in records["message"] if recipient in document.get("recipients", ())}
wanted |= {document["id"] for document in records["delivery"] if document["recipient"] == recipient}
found = {json.loads(line)["id"] for line in alerts("recipient.ndjson")}
check("everything about one recipient", len(wanted) > 1 and found == wanted, sorted(found ^ wanted)[:3])
wanted = {document["id"] for document in records["message"] if document["status"] == "quarantined"}
found = {json.loads(line)["id"] for line in alerts("quarantined.ndjson")}
check("quarantined mail at a second destination", wanted and found == wanted, sorted(found ^ wanted)[:3])
found = [line.split(" ", 1)[1] for line in alerts("logins.log")]
check("many refused logins from one address: at the tenth and the twentieth, none for nine",
      found == ["10 refused logins from 192.0.2.9, the last as user%d" % i for i in (9, 19)], found)
kept = documents(directory / "alerts/documents.ndjson")
check("documents are kept, lines are not", {key: comparable(kept[key]) for key in expected if key in kept}
      == {key: comparable(document) for key, document in expected.items()} and "line" not in {
          document["record"] for document in kept.values()}, (len(kept), len(expected)))
finish()
