#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What destinations over HTTP do about each answer, with a stand-in for the server that answers what it is told: nothing is
lost that could be stored later, nothing is tried for ever that never could."""
import re

from drill import Drill, check
from harness import finish, wait
from stand_in import StandIn, parse_bulk, parse_hec


def run(name, destination, parse):
    for status, lost in ((429, False), (500, False), (503, False), (401, False), (404, False), (400, True), (413, True)):
        server = StandIn(parse)
        server.answers = [status] * (1 if lost else 5)
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


def wrong_token():
    server = StandIn(parse_hec)
    url = "http://127.0.0.1:%d" % server.server_port
    drill = Drill("hec, wrong token", 'mailtrace-splunk(url("%s") token("other") time-reopen(1) {buffer});' % url, 30)
    drill.log.touch()
    drill.start()
    drill.feed(0, 1)
    check("hec, wrong token: it is asked again", wait(lambda: server.seen.count(403) > 3))
    check("hec, wrong token: an error tells status, URL and place", re.search(
        "url='%s/[^']*', status_code='403'.*location='[^']*splunk" % url, drill.server.messages()), drill.server.messages()[-900:])
    check("hec, wrong token: nothing was dropped", drill.dropped() == 0)
    drill.server.stop()
    server.leave()


def away(name, destination, parse):
    """the stand-in goes away in the middle and comes back with all that it had"""
    servers = [StandIn(parse)]
    drill = Drill(name, destination % servers[0].server_port)
    drill.first_pass(lambda: servers[-1].leave(), lambda: servers.append(servers[-1].successor()))
    check("%s: the documents" % name, servers[-1].stored == drill.expected, len(servers[-1].stored))
    drill.replay()
    check("%s: the same after a replay" % name, servers[-1].stored == drill.expected, len(servers[-1].stored))
    servers[-1].leave()


run("bulk", 'mailtrace-elasticsearch(url("http://127.0.0.1:%d") workers(1) time-reopen(1) {buffer});', parse_bulk)
run("hec", 'mailtrace-splunk(url("http://127.0.0.1:%d") token("secret") workers(1) time-reopen(1) {buffer});', parse_hec)
wrong_token()
away("hec", 'mailtrace-splunk(url("http://127.0.0.1:%d") token("secret") time-reopen(1) {buffer});', parse_hec)
finish()
