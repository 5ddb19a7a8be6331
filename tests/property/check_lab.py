#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares documents with what clients and sinks of the lab saw.  usage: check_lab.py MINIMUM_PERCENT LAB_DIRECTORY DOCUMENTS...

Counts the queue ids that clients were promised and that have exactly one message document (last revision) with the
envelope's sender and recipients, the messages the sinks received that show as delivered to those recipients, and the
refusals that clients saw and that are listed in session documents.
"""
import json
import re
import sys


# replies that Exim gives without a log line of their own for the recipient
UNLOGGED = ("452 too many recipients", "501", "503", "500")


def lists_recipients(directory):
    """received_recipients is on: without it the log does not tell an envelope that aliases have merged"""
    with open(directory + "/mainlog", encoding="latin1") as stream:
        return any(re.search(r" <= .* for \S+@", text) for text in stream)


def load_documents(paths):
    """last revision of each id"""
    newest = {}
    for path in paths:
        for document in load_lines(path):
            key = document["id"]
            if key not in newest or newest[key]["revision"] <= document["revision"]:
                newest[key] = document
    return newest


def load_lines(path):
    with open(path, encoding="utf-8") as stream:
        return [json.loads(text) for text in stream]


def address(command):
    match = re.search(r"<(.*)>", command)
    return match.group(1) if match else command.partition(" ")[2]


def transactions(row):
    """(sender, accepted recipients, queue id) of each accepted message of one SMTP session"""
    sender, recipients = None, []
    for command, reply in row.get("log", []):
        if command.startswith("MAIL"):
            sender, recipients = address(command), []
        elif command.startswith("RCPT") and reply[:1] == "2":
            recipients.append(address(command))
        promised = re.search(r"250 OK id=([0-9A-Za-z]{6}-[0-9A-Za-z]+-[0-9A-Za-z]+)", reply)
        if promised and sender is not None:
            yield sender, recipients, promised.group(1)


def plain(text):
    return text.lower().encode("latin1", "replace").decode("ascii", "replace")


def same_envelope(document, sender, recipients):
    """every recipient the client gave is there; aliases may add some, and the sender may have been rewritten"""
    known = {plain(one) for one in document.get("recipients", [])}
    rewritten = ("discardme@", "alice@bob.example.test", "once@")
    missing = [one for one in recipients if plain(one) not in known and not one.startswith(rewritten)]
    return "sender" in document and (not missing or document["status"] == "discarded")


def check_promises(truth, documents, report):
    by_queue_id = {}
    for document in documents.values():
        if document["record"] == "message":
            for queue_id in document["queue_ids"]:
                by_queue_id.setdefault(queue_id, []).append(document)
    promised = good = exact = envelopes = 0
    for row in truth:
        for queue_id in row.get("ids", []):
            promised += 1
            found = by_queue_id.get(queue_id, [])
            if len(found) == 1 and found[0]["final"]:
                good += 1
            else:
                report("no single document of", queue_id, len(found))
        for sender, recipients, queue_id in transactions(row):
            found = by_queue_id.get(queue_id)
            envelopes += 1
            if found and same_envelope(found[0], sender, recipients):
                exact += 1
            else:
                report("other envelope:", queue_id, sender, recipients, found and found[0].get("recipients"))
    return promised, good, envelopes, exact


def check_sinks(sink, documents, report):
    received = shown = 0
    delivered = {}
    for document in documents.values():
        for delivery in document.get("deliveries", []):
            if delivery["status"] == "delivered" and "response" in delivery:
                for name in ("recipient", "original_recipient"):
                    delivered.setdefault(delivery.get(name, "").lower(), []).append(delivery["response"])
    for row in sink:
        for recipient in row["rcpt"]:
            received += 1
            if any(row["q"] in response for response in delivered.get(recipient.lower(), [])):
                shown += 1
            else:
                report("not shown as delivered:", recipient, row["q"], row.get("mode"))
    return received, shown


def check_refusals(truth, documents, report):
    refused = listed = 0
    texts = set()
    for document in documents.values():
        for refusal in document.get("refusals", []):
            texts.add((refusal.get("stage"), plain(refusal.get("recipient", ""))))
            texts.add((refusal.get("stage"), plain(refusal.get("sender", ""))))
    for row in truth:
        for command, reply in row.get("log", []):
            if command.startswith("RCPT") and reply[:1] in "45" and not reply.startswith(UNLOGGED):
                refused += 1
                if ("rcpt", plain(address(command))) in texts:
                    listed += 1
                else:
                    report("refusal not listed:", command, reply[:80])
    return refused, listed


def main(minimum, directory, paths):
    shown = [0]

    def report(*words):
        shown[0] += 1
        if shown[0] <= 25:
            print("  ", *words)

    documents = load_documents(paths)
    truth, sink = load_lines(directory + "/truth.jsonl"), load_lines(directory + "/sink.jsonl")
    promised, good, envelopes, exact = check_promises(truth, documents, report)
    received, delivered = check_sinks(sink, documents, report)
    refused, listed = check_refusals(truth, documents, report)
    failed = False
    envelope_minimum = minimum if lists_recipients(directory) else 0
    for name, part, whole, wanted in (("ids promised to clients with exactly one final document", good, promised, minimum),
                              ("of these with the envelope the client gave", exact, envelopes, envelope_minimum),
                              ("recipients that sinks received and that show as delivered", delivered, received, minimum),
                              ("recipients refused to clients that are listed", listed, refused, minimum)):
        percent = 100.0 * part / whole if whole else 100.0
        print("%-60s %5d of %5d  %.2f %%" % (name, part, whole, percent))
        failed |= percent < wanted
    return failed


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2], sys.argv[3:]))
