#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What destinations over HTTP do about each answer, with a stand-in for the server that answers what it is told: nothing is
lost that could be stored later, nothing is tried for ever that never could."""
import datetime
import http.server
import json
import threading

from drill import Drill, check
from harness import finish, wait


class StandIn(http.server.ThreadingHTTPServer):
    """answers the statuses of .answers, one each request, then 200; keeps what it answered 200"""

    daemon_threads = True

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.answers, self.seen, self.stored, self.requests = [], [], {}, []
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with self.server.lock:
            assert self.path.split("?")[0] in ("/_bulk", "/services/collector/event"), self.path
            assert "collector" not in self.path or self.headers["Authorization"] == "Splunk secret", self.headers
            status = self.server.answers.pop(0) if self.server.answers else 200
            self.server.seen.append(status)
            self.server.requests.append((self.path, dict(self.headers)))
            if status == 200:
                self.server.stored.update(self.server.parse(body))
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

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


def run(name, destination, parse):
    for status, lost in ((429, False), (500, False), (503, False), (401, False), (404, False), (400, True), (413, True)):
        server = StandIn()
        server.parse, server.answers = parse, [status] * (1 if lost else 5)
        drill = Drill("%s, %d" % (name, status), destination % server.server_port, 300)
        drill.log.touch()
        drill.start()
        drill.feed(0, 1)
        total = len(drill.expected)
        if lost:
            check("%s answered %d: one batch is given up, and the rest goes on" % (name, status), wait(
                lambda: drill.dropped() > 0 and len(server.stored) + drill.dropped() == total, 60), drill.server.messages()[-500:])
            check("%s answered %d: an error says so" % (name, status), str(status) in drill.server.messages())
        else:
            check("%s answered %d five times: all are stored in the end" % (name, status),
                  wait(lambda: len(server.stored) == total, 60), "%d of %d" % (len(server.stored), total))
            check("%s answered %d: nothing was dropped" % (name, status), drill.dropped() == 0)
            check("%s answered %d: the documents" % (name, status), server.stored == drill.expected)
        check("%s answered %d: it was not asked for ever" % (name, status), server.seen.count(status) <= 5)
        drill.server.stop()
        server.shutdown()


def away(name, destination, parse):
    """the stand-in goes away in the middle and comes back with all that it had"""
    def leave():
        servers[-1].shutdown()
        servers[-1].server_close()

    def come_back():
        servers.append(StandIn(servers[-1].server_port))
        servers[-1].parse, servers[-1].stored = parse, servers[-2].stored

    servers = [StandIn()]
    servers[0].parse = parse
    drill = Drill(name, destination % servers[0].server_port)
    drill.first_pass(leave, come_back)
    check("%s: the documents" % name, servers[-1].stored == drill.expected, len(servers[-1].stored))
    drill.replay()
    check("%s: the same after a replay" % name, servers[-1].stored == drill.expected, len(servers[-1].stored))
    leave()


run("bulk", 'mailtrace-elasticsearch(url("http://127.0.0.1:%d") workers(1) time-reopen(1) {buffer});', parse_bulk)
run("hec", 'mailtrace-splunk(url("http://127.0.0.1:%d") token("secret") workers(1) time-reopen(1) {buffer});', parse_hec)
away("hec", 'mailtrace-splunk(url("http://127.0.0.1:%d") token("secret") time-reopen(1) {buffer});', parse_hec)
finish()
