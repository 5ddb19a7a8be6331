# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts while it reads: of a million documents only sums and the first rows of each list stay in memory.  Keys that
strangers choose (domains, addresses, replies) are as many as KEYS at most; the rest is counted in one row."""
import csv
import datetime
import re
from collections import Counter

KEYS = 20000
OTHERS = "(all others)"
VERDICTS = ("acceptable", "weak", "none", "unknown")
UNSEEN = {code: "\\u{%x}" % code for code in
          [*range(32), *range(127, 160), 0x61C, *range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070), 0xFEFF]}


def clean(text, length=240):
    """what a stranger wrote, without characters that cannot be seen or that change the direction of writing"""
    text = str(text).translate(UNSEEN).encode("utf-8", "replace").decode()
    return text if len(text) <= length else text[:length - 1] + "…"


def csv_cell(value):
    """spreadsheets take a text that begins so for a formula"""
    text = "" if value is None else str(value)
    return "'" + text if isinstance(value, str) and text.lstrip(" ")[:1] in ("=", "+", "-", "@", "\t", "\r") else text


class Timeline:
    """counts by time, in steps that grow until there are few enough: minute, hour, day, month, year"""
    STEPS = ((16, "minute"), (13, "hour"), (10, "day"), (7, "month"), (4, "year"))
    KEPT, SHOWN = 2000, 120

    def __init__(self):
        self.counts, self.step, self.times = Counter(), 0, set()

    def add(self, stamp, name):
        time = stamp[:self.STEPS[self.step][0]]
        self.counts[time, name] += 1
        if time not in self.times:
            self.times.add(time)
            if len(self.times) > self.KEPT:
                self._coarsen()

    def _coarsen(self):
        if self.step + 1 == len(self.STEPS):
            return
        self.step += 1
        counts, length = Counter(), self.STEPS[self.step][0]
        for (time, name), count in self.counts.items():
            counts[time[:length], name] += count
        self.counts, self.times = counts, {time for time, _ in counts}

    def chart(self, begin, end, order=()):
        """every step from begin to end, those without mail, too"""
        times = self._times(begin, end)
        while times is None or len(self.times) > len(times):
            self._coarsen()
            times = self._times(begin, end)
        sums = Counter()
        for (_, name), count in self.counts.items():
            sums[name] += count
        names = [name for name in order if name in sums]
        names += [name for name, _ in sums.most_common() if name not in names]
        return {"step": self.STEPS[self.step][1], "categories": [time.replace("T", " ") for time in times],
                "series": [{"name": name, "data": [self.counts[time, name] for time in times]} for name in names]}

    def _times(self, begin, end):
        length, step = self.STEPS[self.step]
        if step == "year":
            return sorted(self.times)
        time, last, times = begin[:length], end[:length], []
        while time <= last:
            times.append(time)
            if len(times) > self.SHOWN:
                return None
            time = self._next(time, step)
        return times

    @staticmethod
    def _next(time, step):
        moment = datetime.datetime.fromisoformat(time + {"minute": "", "hour": ":00", "day": "", "month": "-01"}[step])
        moment += datetime.timedelta(days=31) if step == "month" else datetime.timedelta(**{step + "s": 1})
        return moment.isoformat()[:len(time)]


class Groups:
    """counts by key"""

    def __init__(self, keys=KEYS):
        self.rows, self.keys, self.others = {}, keys, 0

    def of(self, *key):
        row = self.rows.get(key)
        if row is None:
            if len(self.rows) >= self.keys:
                self.others += 1
                key = (OTHERS,) + ("",) * (len(key) - 1)
                row = self.rows.get(key)
            if row is None:
                row = self.rows[key] = Counter()
        return row

    def add(self, *key):
        self.of(*key)["count"] += 1

    def sorted(self, weight="count"):
        return sorted(self.rows.items(), key=lambda item: (-item[1][weight], str(item[0])))


class Listing:
    """the first rows of a list, and how many there were; all of them go to a CSV file if there is one"""

    def __init__(self, columns, limit, stream=None):
        self.columns, self.limit, self.rows, self.total = columns, limit, [], 0
        self.writer = csv.writer(stream, quoting=csv.QUOTE_ALL) if stream else None
        if self.writer:
            self.writer.writerow(columns)

    def add(self, *row):
        self.total += 1
        row = [clean(value) if isinstance(value, str) else value for value in row]
        if len(self.rows) < self.limit:
            self.rows.append(row)
        if self.writer:
            self.writer.writerow([csv_cell(value) for value in row])


def tls_of(part):
    return part.get("version"), part.get("cipher"), part.get("bits")


def normal_reply(text):
    """replies differ in addresses, ids and times: without them few are left"""
    text = re.sub(r"<[^<>]{0,320}>", "<…>", re.sub(r" DT=\S{1,12}$", "", text[:600]))
    text = re.sub(r"\[[^\[\]]{0,100}\]", "[…]", text)
    return clean(re.sub(r"\b(?=\w*\d\w*\d\w*\d)[\w$]{6,}", "…", text), 160)


def percentile(counts, share):
    wanted, seen = share * sum(counts.values()), 0
    for value in sorted(counts):
        seen += counts[value]
        if seen >= wanted:
            return value
    return None


class Tally:
    STAGES = ("receive", "queue", "scan", "deliver", "total")
    EXCEPTIONS = ("time", "leg", "partner", "verdict", "TLS version", "cipher", "bits", "peer", "sender", "recipient",
                  "code", "reply", "direction", "queue ids", "document")

    def __init__(self, limit, first=None, last=None, exceptions=None):
        self.first, self.last = first or "", last or ""
        self.begin = self.end = None
        self.counts = Counter()
        self.policies, self.gateways = Counter(), Counter()
        self.lines = {name: Timeline() for name in ("tls_in_version", "tls_in_verdict", "tls_out_version", "tls_out_verdict",
                                                    "dkim", "status", "spam")}
        self.groups = {name: Groups() for name in (
            "partners", "ciphers", "dkim", "dkim_domains", "dispositions", "spam", "reasons", "sources", "replies")}
        self.latency = {}
        self.lists = {
            "exceptions": Listing(self.EXCEPTIONS, limit, exceptions),
            "no_verdict": Listing(("received", "why", "detail", "sender", "recipients", "subject", "status", "document"), limit),
            "refusals": Listing(("time", "stage", "reason", "code", "temporary", "client", "host", "sender", "recipient",
                                 "text", "document"), limit),
            "open": Listing(("received", "status", "end", "gateway", "sender", "recipients waiting", "subject", "last reply",
                             "last attempt", "queue ids", "document"), limit),
            "undelivered": Listing(("time", "status", "code", "reply", "host", "recipient", "sender", "attempts", "document"),
                                   limit)}

    def add(self, document):
        received = document.get("received") or document.get("ended") or ""
        if received[:len(self.first)] < self.first or (self.last and received[:len(self.last)] > self.last):
            self.counts["outside"] += 1
            return
        self.counts[document["record"]] += 1
        if received:
            self.begin = received if self.begin is None or received < self.begin else self.begin
            self.end = received if self.end is None or received > self.end else self.end
        self.gateways[clean(document.get("gateway", "(none)"), 80)] += 1
        if document["record"] == "session":
            self._session(document, received)
        else:
            self._message(document, received)

    def _message(self, document, received):
        self._tls(document, received)
        self._dkim(document, received)
        self._fate(document, received)
        self._spam(document, received)
        self._deliveries(document)
        self._open(document, received)

    # --- TLS

    def _tls(self, document, received):
        tls = document.get("tls", {})
        arrival = tls.get("in", {})
        if "policy" in tls:
            self.policies[clean(tls["policy"], 80), clean(tls.get("policy_version", "(no version)"), 80)] += 1
        if "verdict" in tls:
            self.counts["message", tls["verdict"]] += 1
            if tls["verdict"] != "acceptable":
                self.counts["message exceptions"] += 1
        if "verdict" in arrival:
            self._arrival(document, arrival, received)
        if "verdict" in tls.get("out", {}):
            self.counts["out", tls["out"]["verdict"]] += 1
        for delivery in document.get("deliveries", ()):
            if "verdict" in delivery.get("tls", {}):
                self._departure(document, delivery, received)

    def _arrival(self, document, tls, received):
        client = document.get("client", {})
        partner = document.get("sender_domain") or client.get("host") or client.get("ip") or "(unknown)"
        self.counts["in", tls["verdict"]] += 1
        self._connection("in", partner, tls, received)
        if tls["verdict"] != "acceptable":
            peer = " ".join(str(client[key]) for key in ("ip", "host", "helo") if key in client)
            self._exception(document, "in", partner, tls, peer, document.get("recipients", ()), None, "", received)

    def _departure(self, document, delivery, received):
        partner = delivery.get("domain") or delivery.get("host") or delivery.get("ip") or "(unknown)"
        tls = delivery["tls"]
        self.counts["delivery", tls["verdict"]] += 1
        self._connection("out", partner, tls, received)
        if tls["verdict"] != "acceptable":
            host, address = delivery.get("host", ""), delivery.get("ip", "")
            self._exception(document, "out", partner, tls, address + (" " + host if host != address else ""),
                            [delivery.get("recipient", "")], delivery.get("code"),
                            delivery.get("response") or delivery.get("error", ""), delivery.get("time", received))

    def _connection(self, leg, partner, tls, received):
        version, cipher, bits = tls_of(tls)
        self.lines["tls_%s_version" % leg].add(received, clean(version or "no TLS", 40))
        self.lines["tls_%s_verdict" % leg].add(received, tls["verdict"])
        self.groups["ciphers"].add(leg, clean(version or "no TLS", 40), clean(cipher or "", 100), bits, tls["verdict"])
        row = self.groups["partners"].of(clean(partner, 120), leg)
        row["count"] += 1
        row[tls["verdict"]] += 1
        row["exceptions"] += tls["verdict"] != "acceptable"

    def _exception(self, document, leg, partner, tls, peer, recipients, code, reply, time):
        version, cipher, bits = tls_of(tls)
        self.lists["exceptions"].add(
            time, leg, clean(partner, 120), tls["verdict"], version or "no TLS", cipher or "", bits, peer,
            document.get("sender", "") or "<>", ", ".join(recipients), code, reply, document.get("direction", ""),
            " ".join(document.get("queue_ids", ())), document.get("id", ""))

    # --- DKIM, disposition, spam

    def _dkim(self, document, received):
        result = document.get("dkim_result")
        if result:
            name = result if result != "pass" else "pass, aligned" if document.get("dkim_aligned") else "pass, other domain"
            self.lines["dkim"].add(received, name)
            self.counts["dkim", result] += 1
            self.counts["dkim aligned"] += bool(document.get("dkim_aligned"))
        for signature in document.get("dkim", ()):
            outcome, aligned = signature.get("result", "none"), signature.get("aligned")
            domain = clean(signature.get("domain", ""), 120)
            self.groups["dkim"].add(domain, clean(signature.get("selector", ""), 80), clean(signature.get("algorithm", ""), 40),
                                    outcome, clean(signature.get("reason", ""), 120), "yes" if aligned else "no")
            row = self.groups["dkim_domains"].of(domain)
            row["count"] += 1
            row[outcome if outcome != "pass" else "pass, aligned" if aligned else "pass, other domain"] += 1

    def _fate(self, document, received):
        status = document.get("status", "unknown")
        self.counts["status", status] += 1
        self.lines["status"].add(received, status)
        self.groups["dispositions"].add(status, clean(document.get("disposition", "(none logged)"), 60),
                                        clean(document.get("reason", ""), 60), clean(document.get("reason_detail", ""), 120))

    def _spam(self, document, received):
        spam = document.get("spam", {})
        if "verdict" in spam or "result" in spam:
            self.lines["spam"].add(received, spam.get("result", "other"))
            self.groups["spam"].add(clean(spam.get("engine", ""), 60), clean(spam.get("verdict", ""), 60),
                                    spam.get("result", ""), "")
            return
        why = spam.get("skipped", "not logged")
        self.counts["no verdict"] += 1
        self.lines["spam"].add(received, "no verdict")
        self.groups["spam"].add(clean(spam.get("engine", ""), 60), "(no verdict)", "", clean(why, 60))
        self.lists["no_verdict"].add(received, why, spam.get("skipped_detail", ""), document.get("sender", "") or "<>",
                                     ", ".join(document.get("recipients", ())), document.get("subject", ""),
                                     document.get("status", ""), document.get("id", ""))

    # --- refusals

    def _session(self, document, received):
        client = document.get("client", {})
        address, host = client.get("ip", "(unknown)"), client.get("host") or client.get("helo", "")
        for refusal in document.get("refusals", ()):
            stage, reason = refusal.get("stage", "(none)"), refusal.get("reason", "other")
            self.counts["refusals"] += 1
            self.groups["reasons"].of(reason)[stage] += 1
            self.groups["reasons"].of(reason)["count"] += 1
            row = self.groups["sources"].of(clean(address, 60), clean(host, 120))
            row["count"] += 1
            row["reason " + reason] += 1
            self.lists["refusals"].add(refusal.get("time", received), stage, reason, refusal.get("code"),
                                       "yes" if refusal.get("temporary") else "no", address, host, refusal.get("sender", ""),
                                       refusal.get("recipient", ""), refusal.get("text", ""), document.get("id", ""))

    # --- deliveries

    def _deliveries(self, document):
        hops = set()
        for delivery in document.get("deliveries", ()):
            status = delivery.get("status", "unknown")
            hop = delivery.get("host") or "local: " + delivery.get("transport", "(unknown)")
            if status == "delivered" and hop not in hops:
                hops.add(hop)
                self._seconds(clean(hop, 120), document.get("seconds", {}))
            if status in ("deferred", "failed"):
                reply = delivery.get("response") or delivery.get("error", "")
                self.counts["delivery " + status] += 1
                self.groups["replies"].add(status, delivery.get("code"), normal_reply(reply) or "(none logged)")
                self.lists["undelivered"].add(
                    delivery.get("time", ""), status, delivery.get("code"), reply, delivery.get("host", ""),
                    delivery.get("recipient", ""), document.get("sender", "") or "<>", delivery.get("attempts"),
                    document.get("id", ""))

    def _seconds(self, hop, seconds):
        if hop not in self.latency and len(self.latency) >= KEYS // 10:
            hop = OTHERS
        stages = self.latency.setdefault(hop, {stage: Counter() for stage in self.STAGES})
        for stage in self.STAGES:
            if stage in seconds:
                stages[stage][self._rounded(seconds[stage])] += 1

    @staticmethod
    def _rounded(seconds):
        """two digits are enough beyond a minute and a half, and keep the table small"""
        unit = 1
        while seconds >= 100 * unit:
            unit *= 10
        return seconds // unit * unit

    def _open(self, document, received):
        if document.get("final", True) and document.get("end_reason") != "shutdown" and document.get("status") != "deferred":
            return
        waiting = sorted((delivery for delivery in document.get("deliveries", ()) if delivery.get("status") in ("deferred", "unknown")),
                         key=lambda delivery: delivery.get("recipient", ""))
        newest = max(waiting, key=lambda delivery: delivery.get("time", ""), default={})
        recipients = [delivery.get("recipient", "") for delivery in waiting] or document.get("recipients", ())
        self.counts["open"] += 1
        self.lists["open"].add(
            received, document.get("status", ""), document.get("end_reason", "still open"), document.get("gateway", ""),
            document.get("sender", "") or "<>", ", ".join(recipients), document.get("subject", ""),
            newest.get("response") or newest.get("error", ""), newest.get("time", ""),
            " ".join(document.get("queue_ids", ())), document.get("id", ""))
