#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""--tls-policy and --explain of the command."""
import json

from harness import FOUNDING, check, finish, run_command, scratch

directory = scratch()
founding = FOUNDING.read_bytes()


def tls(*options):
    result = run_command(*options, FOUNDING)
    return json.loads(result.stdout)["tls"] if result.returncode == 0 else result


document = tls()
check("the default policy is BSI TR-02102-2", (document["policy"], document["in"]["verdict"], document["out"]["verdict"],
                                               document["verdict"]) == ("bsi-tr-02102-2", "acceptable", "weak", "weak"), document)
document = tls("--tls-policy=mozilla-modern")
check("mozilla-modern accepts TLS 1.3 only", (document["policy"], document["in"]["verdict"]) == ("mozilla-modern", "weak"),
      document)
document = tls("--tls-policy=mozilla-intermediate")
check("mozilla-intermediate", (document["policy"], document["in"]["verdict"]) == ("mozilla-intermediate", "acceptable"),
      document)

own = directory / "own.policy"
own.write_text("# ours\npolicy ours\nversion 7\naccept TLS1.2 TLS_RSA_WITH_AES_128_CBC_SHA256\n")
document = tls("--tls-policy=%s" % own)
check("a policy file of one's own", (document["policy"], document["policy_version"], document["in"]["verdict"],
                                     document["out"]["verdict"]) == ("ours", "7", "weak", "acceptable"), document)
own.write_text("policy ours\nversion 7\naccept TLS1.2 AES128-SHA256\n")
result = tls("--tls-policy=%s" % own)
check("a wrong line in it: exit 2, file, line and value named", result.returncode == 2 and all(
    word in result.stderr for word in (b"--tls-policy", b"own.policy", b"line 3", b"AES128-SHA256")), result)
result = tls("--tls-policy=nist")
check("an unknown policy: exit 2, what is allowed", result.returncode == 2 and all(
    word in result.stderr for word in (b"--tls-policy", b"nist", b"mozilla-modern")), result)
check("--help names the policies", b"bsi-tr-02102-2" in run_command("--help").stdout)

result = run_command("--explain", FOUNDING)
text = result.stdout.decode()
check("--explain says shape, role and fields of each line", result.returncode == 0 and text.count(", shape ") == 14
      and 'dkim.domain = "senderdomain.tld"' in text, result)
line = [row for row in text.splitlines() if "client.host = " in row][-1]
offset = int(line.split()[0])
check("... and where they stand", any(raw[offset:].startswith(b"server.serverdomain.tld") for raw in founding.splitlines()), line)
result = run_command("--explain", stdin=b"2026-11-24 17:36:44 H=mx [192.0.2.1] rejicted RCPT <a@b>: x\ngarbage \x1b[31m\n")
text = result.stdout.decode()
check("... of an unknown line the closest shape and the byte",
      "closest shape: rejected; it stopped at byte 37" in text and "rejicted" in text, text)
check("... of no log line that", "none that mailtrace knows" in text and "\x1b" not in text, text)
check("... and counts as ever", b"unknown: 2" in result.stderr, result.stderr)
finish()
