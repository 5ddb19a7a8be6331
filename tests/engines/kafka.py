#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real Apache Kafka broker (KRaft, no ZooKeeper) on the loopback address, from Maven, on Java 17.

By hand:      tests/engines/kafka.py 9092 [DIRECTORY]     until Ctrl-C or SIGTERM; DIRECTORY keeps its data
In a test:    broker = Kafka().start(); broker.servers -> "127.0.0.1:PORT"; broker.stop(); broker.start()
"""
import base64
import socket
import subprocess
import sys

from launch import Engine, class_path, free_ports, run_until_signal

VERSION = "4.0.0"
ARTIFACTS = ("org.apache.kafka:kafka_2.13:" + VERSION, "org.apache.kafka:kafka-tools:" + VERSION)
CLUSTER = base64.urlsafe_b64encode(b"mailtrace tests!").decode().rstrip("=")
PROPERTIES = """process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
log.dirs={directory}/data
num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
"""


class Kafka(Engine):
    name = "kafka"

    def __init__(self, directory=None, port=None):
        super().__init__(directory)
        ports = free_ports(2)
        self.port, self.controller = port or ports[0], ports[1]
        self.servers = "127.0.0.1:%d" % self.port

    def _java(self, *arguments):
        return ["java", "-Xmx512m", "-cp", class_path(self.name, *ARTIFACTS), *arguments]

    def start(self, seconds=180, **options):
        self.directory.mkdir(parents=True, exist_ok=True)
        properties = self.directory / "server.properties"
        if not properties.exists():
            properties.write_text(PROPERTIES.format(port=self.port, controller=self.controller, directory=self.directory))
            subprocess.run(self._java("kafka.tools.StorageTool", "format", "--standalone", "-t", CLUSTER, "-c", str(properties)),
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return super().start(seconds, **options)

    def arguments(self):
        return self._java("kafka.Kafka", str(self.directory / "server.properties"))

    def answers(self):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", self.port)):
                return False
        return subprocess.run(["kcat", "-b", self.servers, "-L", "-m", "3"], capture_output=True).returncode == 0

    def create_topic(self, name, *options):
        """options: those of kafka-topics, e.g. "--config", "cleanup.policy=compact" """
        subprocess.run(self._java("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", self.servers, "--create", "--topic",
                                  name, *options), check=True, capture_output=True)

    def read(self, topic):
        """(partition, key, value) of all committed messages, in the order of each partition"""
        text = subprocess.run(["kcat", "-b", self.servers, "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-f", "%p\t%k\t%s\n",
                               "-X", "isolation.level=read_committed"], check=True, capture_output=True).stdout.decode()
        return [line.split("\t", 2) for line in text.split("\n") if line]


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or not sys.argv[1].isdigit():
        sys.exit(__doc__)
    server = Kafka(sys.argv[2] if len(sys.argv) == 3 else None, int(sys.argv[1])).start()
    print(server.servers, flush=True)
    run_until_signal(server)
