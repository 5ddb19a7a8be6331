#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The saved objects of Kibana and OpenSearch Dashboards: every query of every panel and list in a real OpenSearch gives the
numbers that stand in the documents, and every panel is drawn of what came back."""
import json
import os
import pathlib
import re
import subprocess
import sys
import xml.dom.minidom

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from harness import TOP, check, finish, run_command, scratch, unpack_unfinished_logs
from panel_counts import chosen, near, samples, seconds, table, value
from panels import LISTS, PANELS
import splunk

from launch import CACHE
from opensearch import OpenSearch

STREAMS = "--emit=message,session,scan,delivery,dkim"
directory = scratch()
unpack_unfinished_logs(directory / "logs")


def command_documents(*options):
    return [json.loads(line) for path in sorted((directory / "logs").glob("*.log"))
            for line in run_command("--quiet", "--host=mx", STREAMS, *options, path).stdout.splitlines()]


documents = command_documents()
first = min(seconds(document["received"]) for document in documents)
last = max(seconds(document["received"]) for document in documents)


def fill(node):
    result = subprocess.run([TOP / "examples/opensearch/setup.sh", "--without-retention", node.url], capture_output=True, text=True)
    check("the shipped templates are in place", result.returncode == 0, result.stdout + result.stderr)
    for start in range(0, len(documents), 1000):
        lines = []
        for document in documents[start:start + 1000]:
            index = "mailtrace-%s-%s" % (document["record"], document["received"][:7].replace("-", "."))
            lines += [json.dumps({"index": {"_index": index, "_id": document["id"]}}), json.dumps(document)]
        status, answer = node.request("POST", "/_bulk?refresh=true", "\n".join(lines) + "\n", "application/x-ndjson")
        check("bulk %d" % start, status == 200 and not answer["errors"],
              [one for one in answer.get("items", ()) if one["index"]["status"] > 201][:1])


def asked(part):
    """a query as the dashboards send it: their words replaced"""
    if isinstance(part, dict):
        if part == {"%timefilter%": True}:
            return {"gte": int(first * 1000), "lte": int(last * 1000) + 999, "format": "epoch_millis"}
        if part == {"%autointerval%": True}:
            return "1d"
        return {key: asked(one) for key, one in part.items()}
    if isinstance(part, list):
        return [asked(one) for one in part if not (isinstance(one, str) and one.startswith("%dashboard_context"))]
    return part


def saved_objects(product):
    return [json.loads(line) for line in (TOP / "examples/dashboards" / (product + ".ndjson")).read_text().splitlines()]


def specs(objects):
    return {one["id"].replace("mailtrace-", ""): json.loads(json.loads(one["attributes"]["visState"])["params"]["spec"])
            for one in objects if one["type"] == "visualization"}


def check_objects(objects):
    keys = {(one["type"], one["id"]) for one in objects}
    check("ids are unique", len(keys) == len(objects))
    check("references lead somewhere", all((other["type"], other["id"]) in keys for one in objects for other in one["references"]))
    board = [one for one in objects if one["type"] == "dashboard"][0]
    panels = json.loads(board["attributes"]["panelsJSON"])
    check("every panel has its place", {one["panelRefName"] for one in panels} == {one["name"] for one in board["references"]}
          and len({(one["gridData"]["x"], one["gridData"]["y"]) for one in panels}) == len(panels) == len(objects) - 2)


def answers(node, spec):
    url = spec["data"][0]["url"]
    status, answer = node.request("POST", "/%s/_search" % url["index"].replace("*", "%2A"), asked(url["body"]))
    return answer if status == 200 and not answer["_shards"]["failed"] and not answer["timed_out"] else {"error": answer}


def check_counts(panel, answer):
    wanted, found = table(panel, documents, 86400), {}
    buckets = answer["aggregations"]["by"]["buckets"]
    for bucket in buckets:
        name = bucket["key"] // 1000 if panel["kind"] == "time" else bucket.get("key_as_string", bucket["key"])
        name = panel["missing"] if panel.get("by") == "code" and name == 0 else name
        for part in bucket["split"]["buckets"] if "split" in panel else [{"key": "documents", "doc_count": bucket["doc_count"]}]:
            found[name, part["key"]] = part["doc_count"]
    names = {name for name, _ in found}
    check("%s: every number is that of the documents" % panel["name"], found and found == {
        pair: count for pair, count in wanted.items() if pair[0] in names}, (found, dict(wanted)))
    left = sum(count for pair, count in wanted.items() if pair[0] not in names)
    check("%s: nothing is left out but rare values" % panel["name"], left == answer["aggregations"]["by"].get("sum_other_doc_count", 0)
          and (left == 0 or len(names) == 15), left)


def check_seconds(panel, answer):
    wanted = samples(panel, documents)
    found = {bucket["key"]: bucket["seconds"]["values"] for bucket in answer["aggregations"]["by"]["buckets"]} \
        if panel["kind"] == "hops" else {name: one["values"] for name, one in answer["aggregations"].items()}
    check("%s: percentiles" % panel["name"], found and all(near(wanted[name], one["key"] / 100, one["value"]) for name, values
                                                          in found.items() for one in values), (found, wanted))


def property_of(answer, path):
    for part in path.split("."):
        answer = answer[part]
    return answer


def packages():
    """where the packages of npm are"""
    source, target = pathlib.Path(__file__).parent / "npm", CACHE / "npm"
    names = ("package.json", "package-lock.json")
    if not all((target / name).exists() and (target / name).read_bytes() == (source / name).read_bytes() for name in names) \
            or not (target / "node_modules/vega").exists():
        target.mkdir(parents=True, exist_ok=True)
        for name in names:
            (target / name).write_bytes((source / name).read_bytes())
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=target, check=True,
                       stdout=subprocess.DEVNULL, timeout=300)
    return str(target)


def node_program(name, text):
    return subprocess.run(["node", str(pathlib.Path(__file__).parent / "npm" / name), packages()], capture_output=True, text=True,
                          timeout=300, input=text)


def check_studio():
    """Splunk has no engine here: its own schema, and what leads from one part to the next"""
    app = TOP / "examples/dashboards/splunk/mailtrace"
    view = (app / "default/data/ui/views/mail_transport.xml").read_text(encoding="utf-8")
    xml.dom.minidom.parseString(view)
    text = view.partition("<![CDATA[")[2].partition("]]>")[0]
    result = node_program("studio.mjs", text)
    check("Dashboard Studio knows the view", result.returncode == 0 and json.loads(result.stdout)["good"], result.stdout + result.stderr)
    definition = json.loads(text)
    pictures, sources = definition["visualizations"], definition["dataSources"]
    placed = {one["item"] for one in definition["layout"]["layoutDefinitions"]["layout_1"]["structure"]}
    check("every picture is placed and has its search", placed == set(pictures) and {
        one["dataSources"]["primary"] for one in pictures.values()} == set(sources))
    used = {name for one in sources.values() for name in re.findall(r"\$([a-z]+)[.|$]", json.dumps(one))}
    check("every token has its input", used == {one["options"]["token"] for one in definition["inputs"].values()}, used)
    macros = (app / "default/macros.conf").read_text()
    check("every macro is there", all("[%s(1)]" % name in macros for one in sources.values()
                                      for name in re.findall(r"`(\w+)\(", one["options"]["query"])))
    props = dict(re.findall(r"^EVAL-(\w+) = (.*)$", (app / "default/props.conf").read_text(), re.M))
    check("the CIM's required fields", set(splunk.REQUIRED) <= set(props) and len(splunk.REQUIRED) == 13, splunk.REQUIRED)
    known = {name for record in ("message", "delivery") for document in documents if document["record"] == record
             for name in names_of(document)}
    asked = {name for text in props.values() for name in re.findall(r"'([\w.{}]+)'", text)}
    check("the CIM's fields are made of fields that documents have", len(asked) > 15 and asked <= known | {"tls.version"}, asked - known)


def names_of(part, prefix=""):
    """names as Splunk gives them to the fields of JSON"""
    if isinstance(part, dict):
        return {name for key, one in part.items() for name in names_of(one, (prefix + "." if prefix else "") + key)}
    return {name for one in part for name in names_of(one, prefix + "{}")} if isinstance(part, list) else {prefix}


def check_drawing(drawn):
    result = node_program("draw.mjs", "".join(json.dumps(spec) + "\n" for _, spec, _ in drawn))
    check("vega draws", result.returncode == 0, result.stderr[-2000:])
    for (name, spec, least), line in zip(drawn, result.stdout.splitlines(), strict=True):
        picture = json.loads(line)
        for mark in spec["marks"]:
            items, areas = picture["marks"][mark["name"]]
            check("%s: %s, %d bars" % (name, mark["name"], items), items >= least and areas >= 1, picture["marks"])
        check("%s: drawn without a warning" % name, not picture["warnings"], picture["warnings"])
        if "PANELS_OUTPUT" in os.environ:
            (pathlib.Path(os.environ["PANELS_OUTPUT"]) / (name.replace("/", "-") + ".svg")).write_text(picture["svg"])


node = OpenSearch().start()
fill(node)
drawn = []
for product in ("kibana", "opensearch-dashboards"):
    objects = saved_objects(product)
    check_objects(objects)
    found = specs(objects)
    check("%s has all panels" % product, set(found) == {panel["name"] for panel in PANELS})
    for panel in PANELS:
        spec = found[panel["name"]]
        answer = answers(node, spec)
        check("%s: %s is answered" % (product, panel["name"]), "error" not in answer, answer.get("error"))
        if "error" in answer:
            continue
        if product == "kibana":
            check("%s: documents" % panel["name"], answer["hits"]["total"]["value"] == len(chosen(panel, documents)) > 0,
                  (answer["hits"]["total"], len(chosen(panel, documents))))
            (check_seconds if panel["kind"] in ("hops", "stages") else check_counts)(panel, answer)
        rows = property_of(answer, spec["data"][0]["format"]["property"])
        spec["data"][0].pop("url")
        spec["data"][0].pop("format")
        spec["data"][0]["values"] = rows
        least = sum(row["doc_count"] > 0 for row in rows) if isinstance(rows, list) else 4
        drawn.append(("%s/%s" % (product, panel["name"]), spec, least))
    for one in LISTS:
        saved = [other for other in objects if other["id"] == "mailtrace-" + one["name"]][0]["attributes"]
        text = json.loads(saved["kibanaSavedObjectMeta"]["searchSourceJSON"])["query"]
        status, answer = node.request("POST", "/mailtrace-%2A/_search?size=10&track_total_hits=true", {"query": {"query_string": {
            "query": text["query"], "analyze_wildcard": True}}})
        wanted = len(chosen(one, documents))
        check("%s: list %s" % (product, one["name"]), status == 200 and answer["hits"]["total"]["value"] == wanted > 0,
              (answer.get("hits", answer), wanted))
        known = [name for name in saved["columns"] if any(value(hit["_source"], name) is not None for hit in answer["hits"]["hits"])]
        check("%s: list %s has its columns" % (product, one["name"]), len(known) >= len(saved["columns"]) - 2, known)
check_drawing(drawn)
check_studio()
node.stop()
finish()
