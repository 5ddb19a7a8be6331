#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A private PostgreSQL of Debian on the loopback address.

By hand:      tests/engines/postgresql.py 5433 [DIRECTORY]     until Ctrl-C or SIGTERM; DIRECTORY keeps its data
In a test:    server = PostgreSQL().start(); server.query("SELECT ...") -> rows of texts; server.stop(); server.start()
"""
import glob
import os
import shutil
import signal
import subprocess
import sys

from launch import Engine, free_ports, run_until_signal


class PostgreSQL(Engine):
    name = "postgresql"

    def __init__(self, directory=None, port=None):
        super().__init__(directory)
        self.port = port or free_ports(1)[0]
        self.programs = max(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: float(path.split("/")[-2]))

    def _as_owner(self, *command):
        """PostgreSQL does not run as root"""
        return (["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"] if os.geteuid() == 0 else []) + list(command)

    def start(self, seconds=60, **options):
        self.directory.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            shutil.chown(self.directory, "postgres", "postgres")
        if not (self.directory / "data").exists():
            subprocess.run(self._as_owner(self.programs + "/initdb", "-A", "trust", "-U", "mail", "-E", "UTF8", "--no-sync",
                                          "-D", str(self.directory / "data")), check=True, stdout=subprocess.DEVNULL, cwd="/")
        return super().start(seconds, cwd="/", **options)

    def stop(self, how=signal.SIGINT):
        """SIGTERM would wait for its clients"""
        super().stop(how)

    def arguments(self):
        return self._as_owner(self.programs + "/postgres", "-D", str(self.directory / "data"), "-p", str(self.port), "-c",
                              "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=" + str(self.directory))

    def answers(self):
        return self._psql("SELECT 1").returncode == 0

    def _psql(self, statement):
        return subprocess.run(["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-h", "127.0.0.1", "-p", str(self.port), "-U", "mail",
                               "-d", "postgres", "-c", statement], capture_output=True, text=True)

    def query(self, statement):
        result = self._psql(statement)
        if result.returncode:
            raise RuntimeError(result.stderr)
        return [line.split("\t") for line in result.stdout.splitlines()]


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or not sys.argv[1].isdigit():
        sys.exit(__doc__)
    server = PostgreSQL(sys.argv[2] if len(sys.argv) == 3 else None, int(sys.argv[1])).start()
    print("host 127.0.0.1, port %d, user mail, database postgres" % server.port, flush=True)
    run_until_signal(server)
