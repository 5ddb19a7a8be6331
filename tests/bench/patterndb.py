# SPDX-License-Identifier: LGPL-2.1-or-later
"""Patterns for db-parser(), one for each kind of line that utmgen writes; values are named after mailtrace's fields."""
from xml.sax.saxutils import escape, quoteattr

CLOCK = "@ESTRING:.mail.date: @@ESTRING:.mail.time: @"
ID = "@ESTRING:.mail.queue_id: @"
CLIENT = "[@ESTRING:.mail.client.ip:]@:@NUMBER:.mail.client.port@"
HOST = "H=@ESTRING:.mail.client.host: @" + CLIENT
SCANNER = "@ESTRING:.mail.process:[@@NUMBER:.mail.pid@]: "


def text(name, end):
    return "@ESTRING:.mail.%s:%s@" % (name, end)


def rest(name):
    return "@ANYSTRING:.mail.%s@" % name


def event(*names):
    return " ".join('%s=@QSTRING:.mail.%s:"@' % pair for pair in names)


EVENT = (("id", "event.id"), ("severity", "event.severity"), ("sys", "event.system"), ("sub", "event.subsystem"),
         ("name", "event.name"), ("srcip", "client.ip"), ("from", "sender"), ("to", "recipient"))
SCANNED = EVENT + (("subject", "subject"), ("queueid", "queue_id"), ("size", "size"))
WHY = (("reason", "reason"), ("extra", "reason_detail"))
ARRIVAL = CLOCK + ID + "<= " + text("sender", " ") + HOST + " P=" + text("protocol", " ")
ROUTE = text("recipient", " ") + "P=<" + text("return_path", ">") + " R=" + text("router", " ") + "T="

RULES = {
    "exim-in": {
        "connect": CLOCK + "SMTP connection from " + CLIENT + " (TCP/IP connection count = @NUMBER:.mail.connections@)",
        "disconnect": CLOCK + "SMTP connection from " + text("client.helo", " ") + CLIENT + " closed by QUIT",
        "lost": CLOCK + "SMTP connection from " + CLIENT + " lost",
        "warning": CLOCK + HOST + " Warning: " + rest("warning"),
        "envelope": CLOCK + "[" + text("client.ip", "]") + " F=<" + text("sender", ">") + " R=<" + text("recipient", ">")
                    + " Accepted: " + rest("accepted_as"),
        "refusal": CLOCK + HOST + " F=<" + text("sender", ">") + " rejected RCPT <" + text("recipient", ">") + ": " + rest("reason"),
        "deferral": CLOCK + HOST + " F=<" + text("sender", ">") + " temporarily rejected RCPT <" + text("recipient", ">") + ": "
                    + rest("reason"),
        "refusal-event": CLOCK + event(*EVENT, ("size", "size"), *WHY),
        "no-name": CLOCK + "no host name found for IP address " + rest("client.ip"),
        "tls-error": CLOCK + "TLS error on connection from " + CLIENT + " " + rest("reason"),
        "tls-end": CLOCK + "TLS client disconnected cleanly " + rest("reason"),
        "dkim": CLOCK + ID + "DKIM: d=" + text("dkim.domain", " ") + "s=" + text("dkim.selector", " ") + "c="
                + text("dkim.canonicalization", " ") + "a=" + text("dkim.algorithm", " ") + "[" + text("dkim.result", "]"),
        "spam": CLOCK + ID + "ctasd reports '" + text("spam.verdict", "'") + " RefID:str=" + text("spam.refid", ",") + "ss="
                + text("spam.class", ",") + rest("spam.flags"),
        "arrival-tls": ARRIVAL + "X=" + text("tls", " ") + "S=@NUMBER:.mail.size@ id=" + rest("message_id"),
        "arrival": ARRIVAL + "S=@NUMBER:.mail.size@ id=" + rest("message_id"),
    },
    "smtpd": {
        "queued": SCANNER + ID + "moved to work queue",
        "handover": SCANNER + ID + "<= " + text("sender", " ") + "R=" + text("parent", " ") + "P=" + text("protocol", " ")
                    + "S=@NUMBER:.mail.size@",
        "verdict": SCANNER + event(*SCANNED),
        "verdict-why": SCANNER + event(*SCANNED, *WHY),
        "work": SCANNER + ID + "=> work R=" + text("router", " ") + "T=" + rest("transport"),
        "completed": SCANNER + ID + "Completed",
    },
    "exim-out": {
        "delivery": CLOCK + ID + "=> " + ROUTE + text("transport", " ") + "H=" + text("next.host", " ") + "["
                    + text("next.ip", "]") + ":@NUMBER:.mail.next.port@ X=" + text("next.tls", " ") + 'C=@QSTRING:.mail.response:"@',
        "failure": CLOCK + ID + "** " + ROUTE + text("transport", ":") + " " + rest("reason"),
        "deferred": CLOCK + ID + "== " + text("recipient", " ") + "R=" + text("router", " ") + "T=" + text("transport", " ")
                    + "defer (@NUMBER:.mail.errno@): " + rest("reason"),
        "completed": CLOCK + ID + "Completed",
    },
}


def patterndb():
    """the patterns as a file of db-parser()"""
    parts = ['<patterndb version="4" pub_date="2019-06-10">']
    for program, rules in RULES.items():
        parts.append("<ruleset name=%s id=%s><pattern>%s</pattern><rules>" % (quoteattr(program), quoteattr("rules-" + program), program))
        for role, pattern in rules.items():
            parts.append("<rule provider='bench' id=%s class=%s><patterns><pattern>%s</pattern></patterns>"
                         "<values><value name='.mail.role'>%s</value></values></rule>"
                         % (quoteattr(program + "-" + role), quoteattr(role), escape(pattern), role))
        parts.append("</rules></ruleset>")
    return "\n".join(parts + ["</patterndb>"]) + "\n"
