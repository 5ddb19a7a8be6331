#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares documents with what clients and sinks of the lab saw.  usage: check_lab.py MINIMUM_PERCENT LAB_DIRECTORY

LAB_DIRECTORY holds truth.jsonl, sink.jsonl, and for mainlog and mainlog.b the documents in mainlog.ndjson and
mainlog.b.ndjson, the counters in mainlog.counters and mainlog.b.counters.  The truth is the clients' and the sinks' own; the raw log serves only to tell what could not be known:
a recipient that no line of the message names, a refusal that Exim did not write down.  Both are counted and shown.
It also looks the other way: what documents claim and nobody saw is an error.
"""
import collections
import json
import re
import sys

QUEUE_ID = r"[0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4})"
SINKS = "198.51.100."
PROXIED = {"proxy": "203.0.113.77", "proxy2": "203.0.113.91"}

# words of the log for each stage; written apart from the parser on purpose
LOGGED = (
    ("rcpt", re.compile(r"rejected RCPT <(.*?)>(?::| |$)")),
    ("rcpt", re.compile(r"too many recipients: excess temporarily rejected()")),
    ("mail", re.compile(r"rejected MAIL()")),
    ("data", re.compile(r"%s (?:.* )?(?:temporarily )?rejected (?:after DATA|during MIME|from <)()" % QUEUE_ID)),
    ("data", re.compile(r"rejected DATA|SMTP data timeout()")),
    ("helo", re.compile(r"rejected (?:HELO|EHLO)()")),
    ("connect", re.compile(r"rejected connection in()")),
    ("auth", re.compile(r"authenticator failed for()")),
    ("tls", re.compile(r"rejected STARTTLS()")),
    ("command", re.compile(r"rejected (?:EXPN|VRFY|ETRN)()")),
    ("protocol", re.compile(r"SMTP (?:syntax|protocol|protocol synchronization) error|dropped: too many"
                            r"|unrecognized command()")))
# the end of a connection within its data: no client sees a refusal, documents list the id as one
LOST = re.compile(r"lost while reading message data")
# the HELO with which the lab's clients imitate a refusal
HOSTILE_HELO = "(x) [6.6.6.6] F=<spoof@evil.test> rejected RCPT <a@b>: (fake)"


class Report:
    """the figures, and the first examples of what is wrong"""

    def __init__(self, minimum):
        self.minimum, self.failed, self.shown = minimum, False, 0

    def example(self, *words):
        self.shown += 1
        if self.shown <= 25:
            print("  ", *words)

    def figure(self, name, part, whole, note="", minimum=None):
        percent = 100.0 * part / whole if whole else 0.0
        print("%-62s %5d of %5d  %6.2f %%  %s" % (name, part, whole, percent, note))
        self.failed |= percent < (minimum or self.minimum)

    def none(self, name, count):
        print("%-62s %5d" % (name, count))
        self.failed |= count > 0


def load_lines(path):
    with open(path, encoding="utf-8") as stream:
        return [json.loads(text) for text in stream]


def load_documents(path):
    """last revision of each id"""
    newest = {}
    for document in load_lines(path):
        if document["id"] not in newest or newest[document["id"]]["revision"] <= document["revision"]:
            newest[document["id"]] = document
    return list(newest.values())


def address(command):
    match = re.search(r"<(.*)>", command)
    return match.group(1) if match else None


def plain(text):
    """lower case, and one question mark for whatever is not printable ASCII"""
    text = re.sub(r"\\[0-7]{3}", "?", text)
    return re.sub(r"[^ -~]+|\?+", "?", text).lower()


def addresses(line):
    return set(re.findall(r"\[([0-9a-fA-F:.]+)\]", line))


class Log:
    """the raw main log: the lines of each queue id, the sender of each arrival, the refusals of each client"""

    def __init__(self, path):
        self.text = collections.defaultdict(str)
        self.sender = {}
        self.refusals = collections.Counter()
        self.lost = collections.Counter()
        previous = set()
        for line in open(path, encoding="latin1"):
            line = line.replace(HOSTILE_HELO, "(hostile)")
            for queue_id in re.findall(r"\b%s\b" % QUEUE_ID, line):
                self.text[queue_id] += plain(line)
            arrival = re.search(r" (%s) (?:<=|\(=) (\"(?:\\.|[^\"])*\"\S*|\S+)" % QUEUE_ID, line)
            if arrival:
                self.sender.setdefault(arrival.group(1), arrival.group(2).replace("<>", ""))
            # lines that Exim wrote with the same stamp are one fact, whatever their severity and when syslog took them
            fact = re.sub(r"^<\d+>(?:[A-Z][a-z]{2} [ \d]\d [\d:]{8} )?", "", line)
            if fact not in previous:
                self._refusal(line)
            previous.add(fact)

    def _refusal(self, line):
        if LOST.search(line):
            self.lost.update((ip, "data", "") for ip in addresses(line))
        for stage, words in LOGGED:
            match = words.search(line)
            if not match:
                continue
            for ip in addresses(line):
                self.refusals[ip, stage, plain(match.group(1) or "")] += 1
            return


def transactions(row):
    """(sender, accepted recipients, queue id) of each accepted message of one SMTP session"""
    sender, recipients = None, []
    for command, reply in row.get("log", []):
        if command.startswith("MAIL"):
            sender, recipients = address(command), []
        elif command.startswith("RCPT") and reply[:1] == "2":
            recipients.append(address(command) or command.partition(" ")[2])
        promised = re.search(r"id=(%s)" % QUEUE_ID, reply)
        if promised and reply[:1] == "2":
            yield sender, recipients, promised.group(1)
            sender, recipients = None, []


def check_promises(truth, documents, log, report):
    by_queue_id = collections.defaultdict(list)
    for document in documents:
        if document["record"] == "message":
            for queue_id in document["queue_ids"]:
                by_queue_id[queue_id].append(document)
    promised = good = 0
    for row in truth:
        for queue_id in row.get("ids", []):
            found = by_queue_id[queue_id]
            promised += 1
            good += len(found) == 1 and found[0]["final"]
            if len(found) != 1 or not found[0]["final"]:
                report.example("no single final document of", queue_id, len(found))
    report.figure("ids promised to clients with exactly one final document", good, promised)
    check_envelopes(truth, by_queue_id, log, report)


def check_envelopes(truth, by_queue_id, log, report):
    senders = right = rewritten = recipients = known = unnamed = 0
    for row in truth:
        for sender, accepted, queue_id in transactions(row):
            document = (by_queue_id[queue_id] or [{}])[0]
            if sender is not None:
                senders += 1
                expected = {plain(sender), plain(log.sender.get(queue_id, sender))}
                rewritten += len(expected) > 1
                right += plain(document.get("sender", "(none)")) in expected
                if plain(document.get("sender", "(none)")) not in expected:
                    report.example("other sender:", queue_id, expected, document.get("sender"))
            listed = {plain(one) for one in document.get("recipients", [])}
            for recipient in map(plain, accepted):
                if recipient not in log.text[queue_id]:
                    unnamed += 1
                    continue
                recipients += 1
                known += recipient in listed
                if recipient not in listed:
                    report.example("recipient missing:", queue_id, recipient, sorted(listed))
    report.figure("senders as the client gave them or as Exim rewrote them", right, senders, "%d rewritten" % rewritten)
    report.figure("recipients the client gave", known, recipients, "%d more are not in the log" % unnamed)


def check_sinks(sink, documents, report):
    shown = received = 0
    delivered = collections.defaultdict(list)
    claims = []
    for document in documents:
        for delivery in document.get("deliveries", []):
            if delivery["status"] == "delivered" and "ip" in delivery:
                for name in ("recipient", "original_recipient"):
                    delivered[delivery.get(name, "").lower()].append((delivery.get("response"), set(document["queue_ids"])))
                if delivery["ip"].startswith(SINKS):
                    claims.append(delivery)
    for row in sink:
        for recipient in row["rcpt"]:
            received += 1
            found = any((response is None or row["q"] in response) and (not row["ids"] or ids & set(row["ids"]))
                        for response, ids in delivered[recipient.lower()])
            shown += found
            if not found:
                report.example("not shown as delivered:", recipient, row["q"], row["mode"])
    report.figure("recipients the sinks received and that show as delivered", shown, received)
    replies = [row["q"] for row in sink]
    unseen = [delivery for delivery in claims
              if "response" in delivery and not any(q in delivery["response"] for q in replies)]
    for delivery in unseen:
        report.example("delivered, but not received:", delivery["recipient"], delivery["response"])
    report.none("deliveries to the sinks that no sink received", len(unseen))


def stage_of(command, reply):
    """(stage, address) under which a refusal of this command has to be listed, or None when it is none"""
    word = command.split(" ")[0]
    if reply[:1] not in ("4", "5") or (word, reply[:8]) == (".", "550 550 ") or word in ("p", "to"):
        return None   # a fake rejection, PRDR replies (of deliveries), a time-out
    if reply[:3] == "535":
        return "auth", ""
    if word in ("b", "banner"):
        return "connect", ""
    if word in ("HELO", "EHLO"):
        return "helo", ""
    if reply[:3] in ("500", "501", "503", "554") and "EHLO required" not in reply:
        return "protocol", ""
    if word == "RCPT":
        return "rcpt", "" if reply[:3] == "452" else plain(address(command) or command.partition(" ")[2])
    return {"MAIL": "mail", "DATA": "data", ".": "data", "bdat2": "data", "STARTTLS": "tls"}.get(word, "command"), ""


def refusals_seen(truth):
    """what clients saw; all recipients beyond the limit of one session are one refusal, as Exim logs them"""
    seen = collections.Counter()
    for row in truth:
        keys = [stage_of(command, reply) for command, reply in row.get("log", [])]
        ip = PROXIED.get(row["kind"], row.get("src"))
        if ("rcpt", "") in keys:
            keys = [key for key in keys if key != ("rcpt", "")] + [("rcpt", "")]
        for key in filter(None, keys):
            seen[(ip,) + key] += 1
    return seen


def refusals_listed(documents):
    listed = collections.Counter()
    for document in documents:
        if "ip" not in document.get("client", {}):
            continue    # a local submission: no client saw it
        for refusal in document.get("refusals", []):
            stage = {"mime": "data"}.get(refusal["stage"], refusal["stage"])
            recipient = plain(refusal.get("recipient", "")) if stage == "rcpt" else ""
            listed[document["client"]["ip"], stage, recipient] += 1
    return listed


def check_refusals(truth, documents, log, report):
    seen, listed = refusals_seen(truth), refusals_listed(documents)
    written = {key: min(count, log.refusals[key]) for key, count in seen.items()}
    found = {key: min(count, listed[key]) for key, count in written.items()}
    for key in written:
        if found[key] < written[key]:
            report.example("refusals not listed:", key, "%d of %d" % (found[key], written[key]))
    report.figure("refusals that clients saw and Exim logged, in sessions", sum(found.values()), sum(written.values()),
                  "%d more are not in the log" % (sum(seen.values()) - sum(written.values())))
    invented = listed - log.refusals - log.lost
    for key, count in invented.items():
        report.example("refusal without a line:", key, count)
    report.none("refusals in documents without a line of the log", sum(invented.values()))


def check_unknown(directory, report):
    """at most one line of a thousand that no shape matches"""
    lines = unknown = 0
    for name in ("mainlog", "mainlog.b"):
        with open("%s/%s.counters" % (directory, name), encoding="utf-8") as stream:
            counters = json.load(stream)
        lines, unknown = lines + counters["lines"], unknown + counters["unknown_lines"]
    report.figure("lines that are known", lines - unknown, lines, minimum=99.9)


def main(minimum, directory):
    report = Report(minimum)
    truth, sink = load_lines(directory + "/truth.jsonl"), load_lines(directory + "/sink.jsonl")
    first, second = (load_documents("%s/%s.ndjson" % (directory, name)) for name in ("mainlog", "mainlog.b"))
    log = Log(directory + "/mainlog")
    check_unknown(directory, report)
    check_promises(truth, first, log, report)
    check_sinks(sink, first + second, report)
    check_refusals(truth, first, log, report)
    return report.failed


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(float(sys.argv[1]), sys.argv[2]))
