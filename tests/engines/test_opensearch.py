#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""mailtrace-opensearch() into a real node: every document, its text and its index, whatever happens to the node."""
import json
import re
import subprocess

from drill import TOP, Drill, check
from harness import finish, run_command
from opensearch import OpenSearch


def stored(node):
    """id -> (index, version, document) of all that mailtrace stored"""
    found = {}
    node.request("POST", "/mailtrace-*/_refresh")
    status, page = node.request("POST", "/mailtrace-*/_search?scroll=2m", {"size": 5000, "version": True})
    while page["hits"]["hits"]:
        for hit in page["hits"]["hits"]:
            found[hit["_id"]] = (hit["_index"], hit["_version"], hit["_source"])
        status, page = node.request("POST", "/_search/scroll", {"scroll": "2m", "scroll_id": page["_scroll_id"]})
    return found


def compare(name, drill, node):
    found = stored(node)
    missing = sorted(drill.expected.keys() - found.keys())
    check("%s: all documents, and no others" % name, found.keys() == drill.expected.keys(),
          "%d stored, missing %s" % (len(found), missing[:3]))
    differ = [key for key in drill.expected if key in found and found[key][2] != drill.expected[key]]
    check("%s: each is the document of the command" % name, not differ, differ[:3])
    misplaced = [key for key, (index, _, document) in found.items() if index != "mailtrace-%s-%s" % (
        document["record"], document["received"][:7].replace("-", "."))]
    check("%s: in the month of its own time" % name, not misplaced, [(key, found[key][0]) for key in misplaced[:3]])
    check("%s: the version is the revision" % name, all(version == document["revision"]
                                                        for _, version, document in found.values()))


def setup(node, *options):
    return subprocess.run([TOP / "examples/opensearch/setup.sh", *options, node.url], capture_output=True, text=True)


def check_setup(node):
    result = setup(node)
    check("setup.sh: a node without index state management is told", result.returncode == 1
          and "--without-retention" in result.stderr, result.stderr)
    for attempt in ("first", "second"):
        result = setup(node, "--without-retention")
        check("setup.sh, %s time: templates are in place" % attempt, result.returncode == 0
              and result.stdout.count("in place") == 11, result.stdout + result.stderr)


def bulk(node, *pairs):
    body = "".join(json.dumps(part, ensure_ascii=False) + "\n" for pair in pairs for part in pair)
    status, answer = node.request("POST", "/_bulk?refresh=true", body, "application/x-ndjson")
    return status, answer["items"]


def action(record, key, revision, month="2019.06"):
    return {"index": {"_index": "mailtrace-%s-%s" % (record, month), "_id": key, "version": str(revision),
                      "version_type": "external_gte"}}


def check_revisions(node):
    """as the destination sends them"""
    for revision, status in ((2, 201), (1, 409), (2, 200), (3, 200)):
        code, items = bulk(node, (action("message", "revisions", revision), {"revision": revision}))
        check("opensearch: revision %d is answered %d, the request 200" % (revision, status),
              (code, items[0]["index"]["status"]) == (200, status), items)
    check("opensearch: the highest stays", node.request("GET", "/mailtrace-message-2019.06/_doc/revisions")[1]["_version"] == 3)


LONG = "long " * 20000 + "x" * 70000
HOSTILE = ("", "\u0000", LONG, "\ufffd\u202e", "{\"a\":{\"b\":1}}", "9" * 400, "1e999", "0000-00-00T00:00:00Z", "ip1.ip2", "-1")
NUMBERS = (2 ** 63 - 1, -2 ** 63, 10 ** 30, 1.7e308, 0.5)


def mutated(document, value):
    """every text is value, every number a strange one; true, false and the shape stay"""
    if isinstance(document, dict):
        return {key: mutated(part, value) for key, part in document.items()}
    if isinstance(document, list):
        return [mutated(part, value) for part in document]
    return document if isinstance(document, bool) else NUMBERS[len(value) % 5] if isinstance(document, (int, float)) else value


def full_document(properties):
    """one with every field that the template knows"""
    values = {"keyword": "text", "long": 1, "double": 0.5, "boolean": True, "date": "2019-06-10T11:04:40-04:00", "ip": "::1"}
    return {name: full_document(field["properties"]) if "properties" in field else [{"a": 1}] if field["type"] == "object"
            else values[field["type"]] for name, field in properties.items()}


def check_hostile(node):
    for record in (ecs + record for ecs in ("", "ecs-") for record in ("message", "session", "delivery", "dkim", "scan")):
        template = json.loads((TOP / ("examples/elasticsearch/mailtrace-%s.json" % record)).read_text())
        document = full_document(template["template"]["mappings"]["properties"])
        documents = [document] + [mutated(document, value) for value in HOSTILE]
        documents += [dict(document, unknown={"a": {"b": [1, "x", {"c": None}]}}), {"x%d" % i: i for i in range(5000)}]
        _, items = bulk(node, *((action(record, "hostile-%d" % i, 1), each) for i, each in enumerate(documents)))
        refused = [item["index"] for item in items if item["index"]["status"] != 201]
        check("template of %s: none of %d hostile documents is refused" % (record, len(documents)), not refused, refused[:1])
        mapping = node.request("GET", "/mailtrace-%s-2019.06/_mapping" % record)[1]
        check("template of %s: hostile names add no field" % record,
              "x1" not in mapping["mailtrace-%s-2019.06" % record]["mappings"]["properties"])
    node.request("POST", "/mailtrace-*/_delete_by_query?refresh=true", {"query": {"ids": {"values": [
        "hostile-%d" % i for i in range(50)] + ["revisions"]}}})


def names(part, prefix=""):
    """of all values in a document; a list of records is one"""
    if isinstance(part, dict):
        return {name for key, one in part.items() for name in names(one, prefix + "." + key if prefix else key)}
    return {prefix}


def mapped(properties, prefix=""):
    return {name for key, one in properties.items() for name in (
        mapped(one["properties"], prefix + key + ".") | {prefix + key} if "properties" in one else {prefix + key})}


def check_ecs(node, drill):
    """documents of json(ecs) have templates that know each of their names, and refuse none"""
    text = run_command("--quiet", "--json=ecs", "--emit=message,session,scan,delivery,dkim", drill.whole).stdout
    found = [json.loads(line) for line in text.splitlines()]
    indices = ["mailtrace-ecs-%s-%s" % (one["event"]["dataset"].split(".")[1], one["@timestamp"][:7].replace("-", ".")) for one in found]
    refused = []
    for start in range(0, len(found), 1000):
        items = bulk(node, *(({"index": {"_index": index, "_id": one["event"]["id"]}}, one)
                             for index, one in zip(indices[start:start + 1000], found[start:start + 1000])))[1]
        refused += [item["index"] for item in items if item["index"]["status"] != 201]
    check("json(ecs): none of %d documents is refused" % len(found), found and not refused, refused[:1])
    unknown = set()
    for index in set(indices):
        known = mapped(node.request("GET", "/%s/_mapping" % index)[1][index]["mappings"]["properties"])
        unknown |= {name for of, one in zip(indices, found) if of == index for name in names(one)} - known
    check("json(ecs): the templates know all names", not unknown, unknown)
    answer = node.request("POST", "/mailtrace-ecs-message-*/_search", {"query": {"term": {"source.ip": "0.0.0.0/0"}}})[1]
    check("json(ecs): a range of addresses", answer["hits"]["total"]["value"] > 0)
    node.request("DELETE", "/mailtrace-ecs-*")


def check_queries(node, drill):
    """what a dashboard asks, against the documents of the command"""
    deliveries = drill.of("delivery").values()
    for name, path, query in (
            ("messages by verdict", ("message", "tls.verdict"), {"match_all": {}}),
            ("DKIM by domain, failures", ("dkim", "domain"), {"term": {"result": "fail"}}),
            ("deliveries by code", ("delivery", "code"), {"range": {"received": {"gte": "2019-01-01"}}})):
        answer = node.request("POST", "/mailtrace-%s-*/_search" % path[0], {"size": 0, "query": query, "aggs": {
            "a": {"terms": {"field": path[1], "size": 1000}}}})[1]
        found = {str(bucket["key"]): bucket["doc_count"] for bucket in answer["aggregations"]["a"]["buckets"]}
        wanted = {}
        for document in drill.of(path[0]).values():
            value = document
            for step in path[1].split("."):
                value = value.get(step) if isinstance(value, dict) else None
            if value is not None and ("result" not in str(query) or document.get("result") == "fail"):
                wanted[str(value)] = wanted.get(str(value), 0) + 1
        check("query: %s" % name, found == wanted and wanted, "%s, wanted %s" % (found, wanted))
    words = re.findall(r"\w{5,}", next(document["response"] for document in deliveries if "response" in document))
    answer = node.request("POST", "/mailtrace-delivery-*/_search", {"query": {"match": {"response.text": words[0]}}})[1]
    check("query: a word of a reply", answer["hits"]["total"]["value"] > 0, words)
    answer = node.request("POST", "/mailtrace-message-*/_search", {"query": {"term": {"client.ip.ip": "0.0.0.0/0"}}})[1]
    check("query: a range of addresses", answer["hits"]["total"]["value"] > 0)


node = OpenSearch().start()
check_setup(node)
check_revisions(node)
check_hostile(node)
drill = Drill("opensearch", 'mailtrace-opensearch(url("%s") time-reopen(1) {buffer});' % node.url)
drill.first_pass(node.kill, node.start)
compare("opensearch", drill, node)
check_queries(node, drill)
check_ecs(node, drill)
drill.replay()
compare("opensearch, replayed", drill, node)
finish()
