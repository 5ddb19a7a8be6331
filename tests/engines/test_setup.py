#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""setup.sh: which product it finds, what it asks for, what it says when something is wrong.  With stand-ins for both
products; the requests for Elasticsearch are held against its own specification."""
import base64
import http.server
import json
import subprocess
import threading

from drill import TOP, check
from harness import finish
from schema import Schema

ELASTICSEARCH = {"cluster_name": "c", "version": {"number": "8.17.0", "lucene_version": "9.12.0"}, "tagline": "You Know, for Search"}
OPENSEARCH = {"cluster_name": "c", "version": {"distribution": "opensearch", "number": "2.19.1", "lucene_version": "9.12.1"}}


class StandIn(http.server.ThreadingHTTPServer):
    """keeps what is put, with a sequence number as ISM has it"""

    def __init__(self, root, user=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.root, self.user, self.kept, self.puts = root, user, {}, []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def setup(self, *options):
        return subprocess.run([TOP / "examples/elasticsearch/setup.sh", *options, "http://127.0.0.1:%d/" % self.server_port],
                              capture_output=True, text=True)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        user = self.server.user
        if user and self.headers["Authorization"] != "Basic " + base64.b64encode(user.encode()).decode():
            self.answer(401, {"error": "security_exception"})
        elif self.path == "/":
            self.answer(200, self.server.root)
        elif self.path in self.server.kept:
            self.answer(200, {"_id": "mailtrace", "_version": 4, "_seq_no": 7, "_primary_term": 1})
        else:
            self.answer(404, {"error": "not found"})

    def do_PUT(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        path, _, query = self.path.partition("?")
        self.server.puts.append((path, query, body))
        if "_ism" in path and path in self.server.kept and query != "if_seq_no=7&if_primary_term=1":
            self.answer(409, {"error": "version conflict"})
        else:
            self.server.kept[path] = body
            self.answer(200, {"acknowledged": True})

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


schema = Schema()
server = StandIn(ELASTICSEARCH, 'me:"\\ secret')
for attempt in ("first", "second"):
    result = server.setup("--user", 'me:"\\ secret', "--keep-days", "180")
    check("Elasticsearch, %s time: all is in place" % attempt, result.returncode == 0 and result.stdout.count("in place") == 12,
          result.stdout + result.stderr)
check("Elasticsearch: a policy, settings, ten templates", len(server.kept) == 12, list(server.kept))
check("Elasticsearch: a month beyond the days asked for", server.kept["/_ilm/policy/mailtrace"]["policy"]["phases"]["delete"]["min_age"] == "211d")
for path, query, body in server.puts[:12]:
    problems = schema.problems("PUT", path, body)
    check("Elasticsearch's specification knows PUT %s" % path, not problems, problems[:3])
check("the specification would tell an unknown member", schema.problems("PUT", "/_ilm/policy/x", {"policy": {"phase": {}}}) != [])
check("the specification would tell an unknown type", schema.problems("PUT", "/_index_template/x", {"template": {"mappings": {
    "properties": {"a": {"type": "key"}}}}}) != [])
result = server.setup()
check("a user is asked for", result.returncode == 1 and "--user" in result.stderr, result.stderr)

server = StandIn(ELASTICSEARCH)
check("opt-out: no policy", server.setup("--without-retention").returncode == 0
      and not any("_ilm" in path for path in server.kept) and "lifecycle" not in json.dumps(server.kept), list(server.kept))
server = StandIn(ELASTICSEARCH)
check("opt-out: no templates", server.setup("--without-templates").returncode == 0 and list(server.kept) == ["/_ilm/policy/mailtrace"])
server = StandIn(ELASTICSEARCH)
result = server.setup("--dry-run")
check("--dry-run sends nothing and shows all", result.returncode == 0 and not server.puts and result.stdout.count("PUT /") == 12)

server = StandIn(OPENSEARCH)
for attempt in ("first", "second"):
    result = server.setup()
    check("OpenSearch, %s time: all is in place" % attempt, result.returncode == 0 and result.stdout.count("in place") == 12,
          result.stdout + result.stderr)
policy = server.kept["/_plugins/_ism/policies/mailtrace"]["policy"]
check("OpenSearch: its policy covers the templates' indices", policy["ism_template"][0]["index_patterns"] == ["mailtrace-*"])
check("OpenSearch: the default state exists", policy["default_state"] in {state["name"] for state in policy["states"]})
check("OpenSearch: no setting of the other product", "lifecycle" not in json.dumps(server.kept))

result = StandIn({"hello": "world"}).setup()
check("another server is told", result.returncode == 1 and "neither" in result.stderr, result.stderr)
result = StandIn(dict(ELASTICSEARCH, version={"number": "7.6.2", "lucene_version": "8"})).setup()
check("a version without templates is told", result.returncode == 1 and "7.8" in result.stderr, result.stderr)
for wrong in (["--keep-days", "0"], ["--keep-days"], ["--nonsense"], ["--cacert", "/nowhere"]):
    result = server.setup(*wrong) if wrong != ["--keep-days"] else subprocess.run(
        [TOP / "examples/elasticsearch/setup.sh", *wrong], capture_output=True, text=True)
    check("wrong usage: %s" % " ".join(wrong), result.returncode == 2 and result.stderr, result.stderr)
finish()
