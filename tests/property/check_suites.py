#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every cipher suite that the installed OpenSSL and GnuTLS list is in the table, with the IANA name of its number.

usage: check_suites.py TLS-SUITES.DEF
The numbers come from the programs themselves; both name most suites, so each checks the other.
"""
import re
import subprocess
import sys

SUITE = re.compile(r'SUITE\("([^"]+)", "([^"]+)", (TRUE|FALSE), (TRUE|FALSE)\)')


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def openssl():
    for line in output("openssl", "ciphers", "-V", "-stdname", "ALL:COMPLEMENTOFALL").splitlines():
        match = re.match(r"\s*0x(..),0x(..)\s+- (\S+)\s+- (\S+)\s+.*Kx=(\S+)\s+.*Mac=(\S+)", line)
        if match:
            high, low, iana, name, exchange, mac = match.groups()
            yield (high + low).lower(), iana, name, exchange, mac


def gnutls():
    for line in output("gnutls-cli", "-l").splitlines():
        match = re.match(r"TLS_(\S+)\s+0x(..), 0x(..)\s", line)
        if match:
            yield (match.group(2) + match.group(3)).lower(), match.group(1)


def main(path):
    table = {}
    for name, iana, secrecy, aead in SUITE.findall(open(path, encoding="utf-8").read()):
        table[name] = (iana, secrecy == "TRUE", aead == "TRUE")
    bad, numbers, seen = [], {}, 0
    for number, iana, name, exchange, mac in openssl():
        seen += 1
        numbers[number] = iana
        for key in (name.removeprefix("TLS_"), iana.removeprefix("TLS_")):
            if key not in table:
                bad.append("not in the table: %s" % key)
                continue
            found, secrecy, aead = table[key]
            ephemeral = exchange in ("any", "DH", "ECDH") or "DHE" in exchange
            if (found, secrecy, aead) != (iana, ephemeral, mac == "AEAD"):
                bad.append("%s: %s, OpenSSL says %s, Kx=%s, Mac=%s" % (key, table[key], iana, exchange, mac))
    for number, name in gnutls():
        seen += 1
        if name not in table:
            bad.append("not in the table: %s" % name)
        elif number in numbers and table[name][0] != numbers[number]:
            bad.append("%s: %s, OpenSSL calls 0x%s %s" % (name, table[name][0], number, numbers[number]))
    print("\n".join(bad[:40]))
    print("%d names of OpenSSL and GnuTLS, %d wrong" % (seen, len(bad)))
    return bool(bad) or seen < 200


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
