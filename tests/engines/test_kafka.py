#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""mailtrace-kafka() into a real broker: by key, the topic holds every document, and a replay changes none."""
import json
import signal
import threading
import time

from drill import Drill, check
from harness import finish, wait
from kafka import Kafka


def last_of_each_key(broker, partitions):
    """what a compacted topic keeps; partitions: key -> those it was seen in"""
    found = {}
    for partition, key, value in broker.read("mailtrace"):
        partitions.setdefault(key, set()).add(partition)
        found[key] = json.loads(value)
    return found


def compare(name, drill, broker):
    partitions = {}
    found = last_of_each_key(broker, partitions)
    check("%s: all documents, and no others" % name, found.keys() == drill.expected.keys(),
          "%d, missing %s" % (len(found), sorted(drill.expected.keys() - found.keys())[:3]))
    check("%s: each is the document of the command" % name, found == drill.expected)
    check("%s: all of an id in one partition" % name, all(len(each) == 1 for each in partitions.values()))
    check("%s: more partitions than one" % name, len(set().union(*partitions.values())) > 1)


class Ending:
    """syslog-ng that is asked to end while no broker answers; it is waited for beside the rest"""

    def __init__(self):
        self.drill = Drill("kafka, no broker", 'mailtrace-kafka(bootstrap-servers("127.0.0.1:1") {buffer});', 300)
        self.drill.log.touch()
        self.drill.start()
        self.drill.feed(0, 1)
        check("kafka, no broker: documents wait", wait(lambda: self.drill.server.queued() > 0))
        self.thread = threading.Thread(target=self._end)
        self.thread.start()

    def _end(self):
        self.drill.server.signal(signal.SIGTERM)
        began = time.monotonic()
        self.code, self.seconds = self.drill.server.process.wait(), time.monotonic() - began

    def check(self):
        self.thread.join(120)
        check("kafka, no broker: syslog-ng ends within the time that systemd gives it", not self.thread.is_alive() and self.code == 0
              and self.seconds < 90, self.drill.server.messages()[-800:])


ending = Ending()
broker = Kafka().start()
broker.create_topic("mailtrace", "--partitions", "4", "--config", "cleanup.policy=compact")
drill = Drill("kafka", 'mailtrace-kafka(bootstrap-servers("%s") time-reopen(1) {buffer});' % broker.servers)
drill.first_pass(broker.kill, broker.start)
compare("kafka", drill, broker)
drill.replay()
compare("kafka, replayed", drill, broker)
ending.check()
finish()
