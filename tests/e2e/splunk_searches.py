# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Splunk app, over documents, in a stand-in: the numbers of its searches, and the rules of the CIM's model Email."""
import json
import re

from harness import TOP, check
from panel_counts import chosen, near, samples, table
from panels import LISTS, PANELS
from spl import Splunk

APP = TOP / "examples/dashboards/splunk/mailtrace/default"
REQUIRED = ("action", "dest", "internal_message_id", "message_id", "protocol", "recipient", "recipient_count", "recipient_domain",
            "return_addr", "src", "src_user", "src_user_domain", "vendor_product")


def check_panel(panel, rows, documents):
    if panel["kind"] in ("hops", "stages"):
        wanted = samples(panel, documents)
        if panel["kind"] == "stages":
            found = [(name.split(" ")[0], name.split(" ", 1)[1], row["seconds"]) for row in rows for name in [row["stage"]]]
        else:
            found = [(row["next_hop"], name, row[name]) for row in rows for name in ("median", "95 %")]
        check("splunk: %s" % panel["name"], found and all(near(wanted[name], {"median": 0.5, "95 %": 0.95}[share], value)
                                                          for name, share, value in found), found)
        return
    wanted = table(panel, documents, 60, pairs=True)
    if panel["kind"] == "time":
        found = {row["metric"]: row["value"] for row in rows}
        sums = {part: sum(count for (_, other), count in wanted.items() if other == part) for _, part in wanted}
        check("splunk: %s" % panel["name"], found and found == sums, (found, sums))
        return
    found = {(row["name"], part): count for row in rows for part, count in row.items() if part != "name"}
    names = {name for name, _ in found}
    wanted = {(str(name), part): count for (name, part), count in wanted.items() if str(name) in names}
    check("splunk: %s" % panel["name"], found and found == wanted, (found, wanted))


def check_cim(events):
    """as pytest-splunk-addon has them: what is required, allowed and of one mind"""
    messages = [event for event in events if event["record"] == "message"]
    for name in REQUIRED:
        without = [event["id"] for event in messages if event.get(name) in (None, "", [])]
        known = {"recipient", "recipient_count", "recipient_domain"} if name.startswith("recipient") else ()
        check("CIM: %s" % name, len(without) <= (0.02 if known else 0) * len(messages), (len(without), without[:2]))
    check("CIM: recipient_count counts recipients", all(
        event["recipient_count"] == (len(event["recipient"]) if isinstance(event["recipient"], list) else 1)
        for event in messages if "recipient" in event))
    check("CIM: actions", {"delivered", "quarantined", "deleted"} <= {event["action"] for event in messages}
          and "blocked" in (APP / "props.conf").read_text(), {event["action"] for event in messages})
    codes = [code for event in messages for code in ([event["status_code"]] if not isinstance(event.get("status_code", []), list)
                                                     else event.get("status_code", []))]
    check("CIM: status codes", codes and all(re.fullmatch(r"\d(\.\d{1,3}){0,2}|\d{3}", code) for code in codes))
    check("CIM: delay is in milliseconds, duration in seconds", all(
        float(event["delay"]) == 1000 * float(event["duration"]) for event in messages if "delay" in event))
    check("CIM: a filter's events have a signature", all(event.get("signature") for event in messages if "spam.verdict" in event))


def check_splunk(documents):
    stanzas = {name: dict(re.findall(r"^EVAL-(\w+) = (.*)$", text, re.M)) for name, text in re.findall(
        r"^\[(.*?)\]\n((?:[^\[\n].*\n)*)", (APP / "props.conf").read_text(encoding="utf-8"), re.M)}
    check("CIM: the same for each source type", stanzas["mailtrace"] == stanzas["mailtrace:message"] == stanzas["mailtrace:delivery"] != {}
          and len(stanzas) == 6, stanzas.keys())
    props = stanzas["mailtrace:message"]
    older = [dict(document, revision=0, status="unknown") for document in documents[::3]]
    splunk = Splunk(older + documents, props)
    view = (APP / "data/ui/views/mail_transport.xml").read_text(encoding="utf-8")
    sources = json.loads(view.partition("<![CDATA[")[2].partition("]]>")[0])["dataSources"]
    for panel in PANELS:
        check_panel(panel, splunk.run(sources["search_" + panel["name"]]["options"]["query"]), documents)
    for one in LISTS:
        search, wanted = sources["search_list-" + one["name"]]["options"]["query"], chosen(one, documents)
        partner = next(document[one["partner"]] for document in wanted if one["partner"] in document)
        for chosen_partner, count in (("*", len(wanted)), (partner, sum(document.get(one["partner"]) == partner for document in wanted))):
            rows = splunk.run(search.replace("$partner|s$", json.dumps(chosen_partner)))
            check("splunk: list %s of %s" % (one["name"], chosen_partner), len(rows) == count > 0, (len(rows), count))
        full = [name for name in rows[0] if any(row[name] is not None for row in splunk.run(search.replace("$partner|s$", '"*"')))]
        check("splunk: list %s has its columns" % one["name"], len(full) >= len(rows[0]) - 2, full)
    check_cim(splunk.events)
