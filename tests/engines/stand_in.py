# SPDX-License-Identifier: LGPL-2.1-or-later
"""A stand-in for Elasticsearch's bulk API and for Splunk's HTTP Event Collector: it answers what it is told, and refuses what
is not in their form."""
import datetime
import http.server
import json
import threading


class StandIn(http.server.ThreadingHTTPServer):
    """answers the statuses of .answers, one each request, then 200; keeps of what it answered 200 the highest revisions"""

    daemon_threads = True

    def __init__(self, parse, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.parse, self.answers, self.seen, self.stored, self.requests = parse, [], [], {}, []
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def store(self, body):
        for key, document in self.parse(body):
            if key not in self.stored or self.stored[key]["revision"] <= document["revision"]:
                self.stored[key] = document

    def documents(self):
        with self.lock:
            return dict(self.stored)

    def leave(self):
        self.shutdown()
        self.server_close()

    def successor(self):
        """the same server after a time away, with all that it had"""
        other = StandIn(self.parse, self.server_port)
        other.stored = self.stored
        return other


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with self.server.lock:
            assert self.path.split("?")[0] in ("/_bulk", "/services/collector/event"), self.path
            status = self.server.answers.pop(0) if self.server.answers else 200
            if "collector" in self.path and self.headers["Authorization"] != "Splunk secret":
                status = 403
            self.server.seen.append(status)
            self.server.requests.append((self.path, dict(self.headers)))
            if status == 200:
                self.server.store(body)
        try:
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")
        except BrokenPipeError:   # the sender was killed
            pass

    def log_message(self, *_):
        pass


def parse_bulk(body):
    lines = [json.loads(line) for line in body.splitlines()]
    assert body.endswith("\n") and len(lines) % 2 == 0
    for action, document in zip(lines[::2], lines[1::2]):
        assert action["index"]["_id"] == document["id"] and int(action["index"]["version"]) == document["revision"]
        yield document["id"], document


def parse_hec(body):
    for line in body.splitlines():
        event = json.loads(line)
        document = event["event"]
        received = datetime.datetime.fromisoformat(document["received"]).timestamp()
        assert event["sourcetype"] == "mailtrace:" + document["record"] and event["source"] == "mailtrace", event
        assert event["host"] == document["gateway"] and abs(event["time"] - received) < 0.001 and "index" not in event, event
        yield document["id"], document
