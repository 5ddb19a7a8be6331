# SPDX-License-Identifier: LGPL-2.1-or-later
"""The page: what was counted, as HTML.  Texts of the log go through escape() into HTML and through data_json() into the
data block; the script makes text nodes of them only."""
import base64
import hashlib
import html
import json
import pathlib
from collections import Counter

from tally import OTHERS, VERDICTS, clean, percentile

HERE = pathlib.Path(__file__).resolve().parent
escape = html.escape
STATUSES = ("delivered", "partial", "deferred", "failed", "quarantined", "rejected", "discarded", "unknown")
DKIM = ("pass, aligned", "pass, other domain", "fail", "invalid", "none")
SPAM = ("not-spam", "probable", "confirmed", "no verdict")


def share(part, whole):
    """never rounded up: 99.99 % is not all"""
    return "–" if not whole else "%.2f %%" % (int(part * 10000 / whole) / 100)


def number(value):
    return "{:,}".format(value).replace(",", "\u202f")


def data_json(data):
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, "\\u%04x" % ord(character))
    return text


def digest(text):
    return "'sha256-%s'" % base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def make_page(options, source, tally, library, made):
    style, script = ((HERE / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    if "</script" in library.lower() or "<!--" in library:
        raise OSError("the chart library cannot be put into a page")
    policy = "default-src 'none'; script-src %s %s; style-src %s; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'" % (
        digest(library), digest(script), digest(style))
    body = "".join(Sections(options, source, tally, made).all())
    data = data_json({"charts": charts(tally), "tables": tables(tally)})
    return """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="%s">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>%s</title>
<style>%s</style>
</head>
<body>
<a class="skip" href="#content">To the content</a>
%s
<script type="application/json" id="data">%s</script>
<script>%s</script>
<script>%s</script>
</body>
</html>
""" % (policy, escape(options.title), style, body, data, library, script)


# --- what the script draws

def by_rows(groups, order, limit=15, weight="count", label=lambda key: key[0]):
    """a bar for each of the first rows, in parts"""
    rows = [(key, row) for key, row in groups.sorted(weight) if row[weight]][:limit]
    return {"categories": [label(key) for key, _ in rows], "keys": [list(key) for key, _ in rows],
            "series": [series for series in ({"name": name, "data": [row[name] for _, row in rows]} for name in order)
                       if any(series["data"])]}


def counted(groups, label, limit=15):
    """a bar for each label; keys that have the same one are counted together"""
    sums = Counter()
    for key, row in groups.sorted():
        sums[label(key)] += row["count"]
    rows = sums.most_common(limit)
    return {"categories": [name for name, _ in rows], "keys": [], "series": [{"name": "count", "data": [count for _, count in rows]}]}


def text_of(*parts):
    return " · ".join(str(part) for part in parts if part not in (None, ""))


def charts(tally):
    groups = tally.groups

    def line(name, order=()):
        return tally.lines[name].chart(tally.begin or "", tally.end or "", order)

    stages = sorted({name for _, row in groups["reasons"].sorted() for name in row if name != "count"})
    hops = sorted(((hop, stages) for hop, stages in tally.latency.items()),
                  key=lambda item: -sum(item[1]["total"].values()))[:15]
    return {
        "tls-in-version": line("tls_in_version"), "tls-in-verdict": line("tls_in_verdict", VERDICTS),
        "tls-out-version": line("tls_out_version"), "tls-out-verdict": line("tls_out_verdict", VERDICTS),
        "partners": by_rows(groups["partners"], ("weak", "none", "unknown"), weight="exceptions",
                            label=lambda key: "%s (%s)" % key[:2]),
        "dkim-time": line("dkim", DKIM), "dkim-domains": by_rows(groups["dkim_domains"], DKIM),
        "status": line("status", STATUSES),
        "dispositions": counted(groups["dispositions"], lambda key: text_of(*key[:3])),
        "spam": line("spam", SPAM),
        "no-verdict": counted(groups["spam"], lambda key: text_of(key[1], key[2], key[3])),
        "reasons": by_rows(groups["reasons"], stages, 20),
        "sources": by_rows(groups["sources"], ["reason " + name for name, in groups["reasons"].rows],
                           label=lambda key: text_of(*key)),
        "latency": {"categories": [hop for hop, _ in hops],
                    "series": [{"name": stage, "data": [percentile(parts[stage], 0.95) if parts[stage] else None
                                                        for _, parts in hops]} for stage in tally.STAGES[:-1]]},
        "replies": counted(groups["replies"], lambda key: text_of(*key))}


def table(columns, rows, total=None):
    """NAME: text; NAME#: a number; NAME|: few values, which a choice filters by"""
    rows = list(rows)
    return {"columns": [{"name": name.rstrip("#|"), "kind": {"#": "number", "|": "choice"}.get(name[-1], "text")}
                        for name in columns], "rows": rows, "total": len(rows) if total is None else total}


def listing(tally, name, kinds):
    rows = tally.lists[name]
    return table([column + kinds.get(column, "") for column in rows.columns], rows.rows, rows.total)


def grouped(groups, columns, cap=5000):
    rows = groups.sorted()
    return table([*columns, "count#"], ([*key, row["count"]] for key, row in rows[:cap]), len(rows))


def tables(tally):
    groups = tally.groups
    partners = groups["partners"].sorted("exceptions")
    hops = sorted(tally.latency.items(), key=lambda item: -sum(item[1]["total"].values()))
    return {
        "exceptions": listing(tally, "exceptions", {"leg": "|", "verdict": "|", "TLS version": "|", "bits": "#", "code": "#",
                                                    "direction": "|"}),
        "partners": table(["partner", "leg|", "connections#", "acceptable#", "weak#", "none#", "unknown#"],
                          ([*key, row["count"], *(row[verdict] for verdict in VERDICTS)] for key, row in partners[:5000]),
                          len(partners)),
        "ciphers": grouped(groups["ciphers"], ("leg|", "TLS version|", "cipher", "bits#", "verdict|")),
        "dkim": grouped(groups["dkim"], ("domain", "selector", "algorithm|", "result|", "why not", "aligned|")),
        "dispositions": grouped(groups["dispositions"], ("status|", "disposition|", "reason|", "detail")),
        "spam": grouped(groups["spam"], ("engine|", "verdict|", "result|", "why no verdict|")),
        "no_verdict": listing(tally, "no_verdict", {"why": "|", "status": "|"}),
        "sources": table(["address", "host", "refusals#", "reasons"], (
            [*key, row["count"], ", ".join("%s %d" % (name[7:], count) for name, count in sorted(
                row.items(), key=lambda one: (-one[1], one[0])) if name != "count")]
            for key, row in groups["sources"].sorted()[:5000]), len(groups["sources"].rows)),
        "refusals": listing(tally, "refusals", {"stage": "|", "reason": "|", "code": "#", "temporary": "|"}),
        "latency": table(["next hop", "messages#"] + ["%s %s#" % (stage, name) for stage in tally.STAGES
                                                      for name in ("median", "95 %")], (
            [hop, sum(parts["total"].values())] + [percentile(parts[stage], wanted) if parts[stage] else None
                                                   for stage in tally.STAGES for wanted in (0.5, 0.95)]
            for hop, parts in hops)),
        "replies": grouped(groups["replies"], ("status|", "code#", "reply")),
        "undelivered": listing(tally, "undelivered", {"status|": "|", "status": "|", "code": "#", "attempts": "#"}),
        "open": listing(tally, "open", {"status": "|", "end": "|", "gateway": "|"})}


# --- what stands in the page itself

class Sections:
    def __init__(self, options, source, tally, made):
        self.options, self.source, self.tally, self.made = options, source, tally, made
        self.counts = tally.counts

    def all(self):
        yield self._head()
        yield '<main id="content">'
        yield from (self._tiles(), self._statement(), self._tls(), self._dkim(), self._fate(), self._spam(), self._refusals(),
                    self._latency(), self._undelivered(), self._open(), self._source())
        yield "</main>"

    def _period(self):
        return (self.tally.begin or "–")[:19].replace("T", " "), (self.tally.end or "–")[:19].replace("T", " ")

    def _head(self):
        parts = (("tls-statement", "TLS statement"), ("tls", "TLS"), ("dkim", "DKIM"), ("fate", "Dispositions"),
                 ("spam", "Spam"), ("refusals", "Refusals"), ("latency", "Latency"), ("undelivered", "Deferred, bounced"),
                 ("open", "Still open"), ("source", "Source"))
        return """<header>
<h1>%s</h1>
<p>%s to %s · %s messages, %s sessions · %s</p>
<nav aria-label="Sections">%s</nav>
<noscript><p class="note">Pictures and lists need JavaScript; the TLS statement's numbers do not.</p></noscript>
</header>
""" % (escape(self.options.title), *map(escape, self._period()), number(self.counts["message"]),
       number(self.counts["session"]), escape(", ".join(name for name, _ in self.tally.gateways.most_common(5))),
       "".join('<a href="#%s">%s</a>' % part for part in parts))

    def _sum(self, leg):
        return sum(self.counts[leg, verdict] for verdict in VERDICTS)

    def _tiles(self):
        counts = self.counts
        dkim = sum(counts["dkim", result] for result in ("pass", "fail", "invalid", "none"))
        tiles = (("messages", number(counts["message"]), ""),
                 ("TLS acceptable, in", share(counts["in", "acceptable"], self._sum("in")),
                  "%s of %s" % (number(counts["in", "acceptable"]), number(self._sum("in")))),
                 ("TLS acceptable, out", share(counts["out", "acceptable"], self._sum("out")),
                  "%s of %s" % (number(counts["out", "acceptable"]), number(self._sum("out")))),
                 ("DKIM passes", share(counts["dkim", "pass"], dkim), "%s aligned" % number(counts["dkim aligned"])),
                 ("refusals", number(counts["refusals"]), "in %s sessions" % number(counts["session"])),
                 ("quarantined", number(counts["status", "quarantined"]), ""),
                 ("deliveries failed", number(counts["delivery failed"]), "%s deferred" % number(counts["delivery deferred"])),
                 ("still open", number(counts["open"]), ""))
        return '<dl class="tiles">%s</dl>\n' % "".join(
            "<div><dt>%s</dt><dd>%s</dd><dd>%s</dd></div>" % tuple(map(escape, tile)) for tile in tiles)

    def _section(self, name, title, lead, *parts):
        return '<section id="%s" aria-labelledby="%s-title">\n<h2 id="%s-title">%s</h2>\n<p>%s</p>\n%s</section>\n' % (
            name, name, name, title, lead, "".join(parts))

    @staticmethod
    def _chart(name, title, kind="time", drill="", style=""):
        return """<figure class="%s"><figcaption id="%s-caption">%s</figcaption>
<div class="chart" data-chart="%s" data-kind="%s" data-drill="%s" role="img" aria-labelledby="%s-caption"></div></figure>
""" % (style, name, title, name, kind, drill, name)

    @staticmethod
    def _figures(*figures):
        return '<div class="figures">\n%s</div>\n' % "".join(figures)

    @staticmethod
    def _table(name, title, drill="", opened=True):
        return '<details%s><summary>%s</summary><div class="table" data-table="%s" data-drill="%s"></div></details>\n' % (
            " open" if opened else "", title, name, drill)

    def _statement_rows(self):
        counts = self.counts
        legs = (("Messages received over a network", "in"), ("Messages sent over a network, all their deliveries", "out"),
                ("Deliveries over a network", "delivery"), ("Messages, in and out", "message"))
        for title, leg in legs:
            whole = self._sum(leg)
            yield "<tr><th scope=row>%s</th><td>%s</td>%s<td>%s</td></tr>" % (
                title, number(whole), "".join("<td>%s</td>" % number(counts[leg, verdict]) for verdict in VERDICTS),
                share(counts[leg, "acceptable"], whole))

    def _statement(self):
        policies = ", ".join("%s, version %s (%s messages)" % (escape(name), escape(version), number(count))
                             for (name, version), count in self.tally.policies.most_common()) or "none named"
        exceptions, total = self.tally.lists["exceptions"], self.tally.lists["exceptions"].total
        listed = "All of them are listed below." if total <= exceptions.limit else \
            "<strong>The first %s are listed below%s.</strong>" % (number(exceptions.limit), ", all of them in %s" % escape(
                self.options.exceptions) if self.options.exceptions else "; --exceptions=FILE writes all of them")
        begin, end = map(escape, self._period())
        return """<section id="tls-statement" class="statement" aria-labelledby="tls-statement-title">
<h2 id="tls-statement-title">TLS statement</h2>
<table class="facts">
%s<tr><th scope=row>Period</th><td>%s to %s, times %s</td></tr>
<tr><th scope=row>Gateways</th><td>%s</td></tr>
<tr><th scope=row>Policy</th><td>%s</td></tr>
<tr><th scope=row>Made</th><td>%s</td></tr>
</table>
<div class="scroll" tabindex="0" role="region" aria-label="Messages by TLS verdict">
<table class="sums"><thead><tr><th scope=col></th><th scope=col>all</th>%s<th scope=col>share acceptable</th></tr></thead>
<tbody>%s</tbody></table></div>
<p>%s messages had at least one connection without acceptable TLS; that is %s connections. %s</p>
<p class="fine">acceptable: the policy lists this version with this cipher suite. weak: TLS, but outside the policy. none: no TLS.
unknown: the log tells no version, or the suite is in no table; never counted as acceptable. A message has the worst of its
connections; local deliveries have none. Of %s messages %s came or went over a network. Attempts that ended without a
delivery count only where the log tells their TLS. The log tells neither the size of a Diffie-Hellman group nor the key of
a certificate. Shares are not rounded up.</p>
%s<p class="sign" aria-hidden="true"><span>Place, date</span><span>Signature</span></p>
</section>
""" % ("<tr><th scope=row>Organisation</th><td>%s</td></tr>\n" % escape(self.options.organisation)
       if self.options.organisation else "", begin, end, escape(self.source.times),
       escape(", ".join("%s (%s)" % (name, number(count)) for name, count in self.tally.gateways.most_common(20))),
       policies, escape(self.made), "".join("<th scope=col>%s</th>" % verdict for verdict in VERDICTS),
       "".join(self._statement_rows()), number(self.counts["message exceptions"]), number(total), listed,
       number(self.counts["message"]), number(self._sum("message")), self._table("exceptions", "Exceptions, with their evidence"))

    def _tls(self):
        return self._section(
            "tls", "TLS versions and verdicts", "In: messages as they arrived. Out: each delivery over a network.", self._figures(
                self._chart("tls-in-version", "In, by TLS version"), self._chart("tls-out-version", "Out, by TLS version"),
                self._chart("tls-in-verdict", "In, by verdict"), self._chart("tls-out-verdict", "Out, by verdict"),
                self._chart("partners", "Partners with most connections without acceptable TLS; choose one to see them",
                            "bars", "exceptions", "whole")),
            self._table("partners", "Partners by domain; choose one to see its exceptions", "exceptions"),
            self._table("ciphers", "Versions, ciphers and key bits", opened=False))

    def _dkim(self):
        return self._section(
            "dkim", "DKIM", "Aligned: signed by the organisational domain of the sender. none: it arrived without a signature.",
            self._figures(self._chart("dkim-time", "Messages by their best signature"),
                          self._chart("dkim-domains", "Signatures by signing domain", "bars")),
            self._table("dkim", "Signatures by domain, selector, result, alignment"))

    def _fate(self):
        return self._section(
            "fate", "Dispositions and reasons", "What became of the messages, and the filter's own word and reason.",
            self._figures(self._chart("status", "Messages by status"),
                          self._chart("dispositions", "Status, disposition, reason", "bars")),
            self._table("dispositions", "Status by disposition and reason"))

    def _spam(self):
        return self._section(
            "spam", "Spam verdicts", "%s of %s messages have no verdict of a spam filter." % (
                number(self.counts["no verdict"]), number(self.counts["message"])),
            self._figures(self._chart("spam", "Messages by result"),
                          self._chart("no-verdict", "Verdicts, and why there is none", "bars")),
            self._table("spam", "By engine, verdict and result"),
            self._table("no_verdict", "Messages without a verdict", opened=False))

    def _refusals(self):
        return self._section(
            "refusals", "Refusals", "Commands and messages that the gateway refused while the client was connected.",
            self._figures(self._chart("reasons", "By reason and stage", "bars"), self._chart("sources", "By source", "bars")),
            self._table("sources", "Sources"), self._table("refusals", "Refusals, one by one", opened=False))

    def _latency(self):
        return self._section(
            "latency", "Delivery latency by next hop and stage", "Seconds; 95 of 100 messages took no longer. Beyond a minute "
            "and a half they are cut to two digits. The stages' percentiles do not add up to that of the total.",
            self._figures(self._chart("latency", "95th percentile of each stage, seconds", "bars", style="whole")),
            self._table("latency", "Next hops"))

    def _undelivered(self):
        return self._section(
            "undelivered", "Deferred and bounced, by reply", "Last state of each delivery that did not succeed. Addresses and ids "
            "in replies are shown as …, so that equal replies are counted together.",
            self._figures(self._chart("replies", "Most frequent replies", "bars", style="whole")),
            self._table("replies", "Replies"), self._table("undelivered", "Deliveries, one by one", opened=False))

    def _open(self):
        return self._section(
            "open", "What is still open", "Messages that were still in a queue when the log ended.",
            self._table("open", "Open messages"))

    def _source(self):
        source, others = self.source, [
            "%s: group “%s”" % (name, OTHERS) for name, groups in self.tally.groups.items() if groups.others]
        rows = "".join("<tr><td>%s</td><td>%s</td><td class=hash>%s</td></tr>" % (
            escape(clean(one["name"])), number(one["lines"] or 0), escape(one["sha256"] or "–")) for one in source.inputs)
        notes = ["%s superseded revisions were left out." % number(source.superseded),
                 "%s documents of other kinds (deliveries, signatures, scans) were skipped: messages hold them." % number(
                     source.other_documents)] if source.inputs[0]["sha256"] else []
        notes += ["%s documents are outside of the chosen period." % number(self.counts["outside"])] \
            if self.options.first or self.options.last else []
        notes += ["<strong>%s lines were no documents.</strong>" % number(source.no_documents)] if source.no_documents else []
        notes += ["More than 20 000 keys, the rest is counted in one: %s." % escape(", ".join(others))] if others else []
        return self._section(
            "source", "Source", " ".join(notes) or "The tables of the database.",
            '<div class="scroll" tabindex="0" role="region" aria-label="Inputs"><table class="sums"><thead><tr><th scope=col>'
            'input</th><th scope=col>lines or rows</th><th scope=col>SHA-256 of its text</th></tr></thead><tbody>%s</tbody>'
            "</table></div>" % rows)
