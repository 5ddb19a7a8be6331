# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the dashboards show.  make.py writes each panel for Kibana, OpenSearch Dashboards, Grafana and Splunk.

record    documents it counts: message, delivery, dkim, session
kind      time: counts over time, parted by `split`; bars: the most frequent values of `by`, parted by `split`;
          hops: median and 95th percentile of the seconds to each next hop; stages: those of each stage of a message
where     conditions that hold together: exists FIELD, missing FIELD, is FIELD VALUES, not FIELD VALUES, any CONDITIONS
missing   what stands for an absent `split`, or of bars without one for an absent `by`
values    of `split`, in order: bars in SQL have a column for each
drill     bars that lead to the list of exceptions of the partner that was chosen
colours   of values that have another one here than in COLOURS
each      `by` and `split` are those of every refusal of a session; where a search engine has no pairs, it counts sessions
Fields have the names of native documents."""

VERDICTS = ("acceptable", "weak", "none", "unknown")
BAD = ("weak", "none", "unknown")
GREY = "#7d8794"
DKIM = ("pass", "fail", "invalid", "none")
STATUSES = ("delivered", "partial", "deferred", "failed", "quarantined", "rejected", "discarded", "unknown")
STAGES = ("receive", "queue", "scan", "deliver")
COLOURS = {
    "acceptable": "#2f8f5b", "weak": "#e0a030", "none": "#c0392b", "unknown": "#7d8794", "no TLS": "#c0392b",
    "pass": "#2f8f5b", "fail": "#c0392b", "invalid": "#e0a030", "delivered": "#2f8f5b", "partial": "#9bc9a4",
    "deferred": "#e0a030", "failed": "#c0392b", "quarantined": "#7b4fa3", "rejected": "#d2691e", "discarded": "#5d6d7e",
    "not-spam": "#2f8f5b", "probable": "#e0a030", "confirmed": "#c0392b", "no verdict": "#7d8794"}

VERSIONS = {"TLS1.3": "#1c4e80", "TLSv1.3": "#1c4e80", "TLS1.2": "#6fa3cf", "TLSv1.2": "#6fa3cf", "TLS1.1": "#e0a030",
            "TLSv1.1": "#e0a030", "TLS1.0": "#c47a12", "TLSv1": "#c47a12", "SSLv3": "#7b4fa3", "no TLS": "#c0392b"}
COLOURS.update(VERSIONS)

OPEN = ("any", ("is", "final", (False,)), ("is", "end_reason", ("shutdown",)), ("is", "status", ("deferred",)))

PANELS = (
    dict(name="tls-in-version", title="TLS versions, in", record="message", kind="time",
         where=(("exists", "tls.in.verdict"),), split="tls.in.version", missing="no TLS", values=tuple(VERSIONS)),
    dict(name="tls-out-version", title="TLS versions, out", record="delivery", kind="time",
         where=(("exists", "tls.verdict"),), split="tls.version", missing="no TLS", values=tuple(VERSIONS)),
    dict(name="tls-in-verdict", title="TLS verdicts, in", record="message", kind="time",
         where=(("exists", "tls.in.verdict"),), split="tls.in.verdict", values=VERDICTS),
    dict(name="tls-out-verdict", title="TLS verdicts, out", record="delivery", kind="time",
         where=(("exists", "tls.verdict"),), split="tls.verdict", values=VERDICTS),
    dict(name="partners-in", title="Senders without acceptable TLS; choose one", record="message", kind="bars",
         where=(("is", "tls.in.verdict", BAD), ("exists", "sender_domain")), by="sender_domain", split="tls.in.verdict",
         values=BAD, drill=True),
    dict(name="partners-out", title="Recipients without acceptable TLS; choose one", record="delivery", kind="bars",
         where=(("is", "tls.verdict", BAD), ("exists", "domain")), by="domain", split="tls.verdict", values=BAD, drill=True),
    dict(name="dkim-time", title="DKIM results of messages", record="message", kind="time",
         where=(("exists", "dkim_result"),), split="dkim_result", values=DKIM, colours={"none": GREY}),
    dict(name="dkim-domains", title="DKIM signatures by domain", record="dkim", kind="bars",
         where=(("exists", "domain"),), by="domain", split="result", values=DKIM),
    dict(name="dkim-selectors", title="DKIM signatures by selector", record="dkim", kind="bars",
         where=(("exists", "selector"),), by="selector", split="result", values=DKIM),
    dict(name="dkim-alignment", title="DKIM signatures by alignment with the sender", record="dkim", kind="bars",
         where=(("exists", "aligned"),), by="aligned", split="result", values=DKIM),
    dict(name="status", title="Messages by status", record="message", kind="time", where=(), split="status", values=STATUSES),
    dict(name="dispositions", title="Dispositions of the filter", record="message", kind="bars",
         where=(("exists", "disposition"),), by="disposition", split="status", values=STATUSES),
    dict(name="reasons", title="Reasons of the filter", record="message", kind="bars",
         where=(("exists", "reason"),), by="reason", split="status", values=STATUSES),
    dict(name="spam", title="Spam verdicts", record="message", kind="time", where=(), split="spam.result",
         missing="no verdict", values=("not-spam", "probable", "confirmed", "no verdict")),
    dict(name="no-verdict", title="Mail without a spam verdict, and why", record="message", kind="bars",
         where=(("missing", "spam.verdict"),), by="spam.skipped", missing="not logged"),
    dict(name="refusals-reason", title="Refusals by reason", record="session", kind="bars",
         where=(("exists", "refusals.reason"),), by="refusals.reason", each=True),
    dict(name="refusals-source", title="Refused sessions by source", record="session", kind="bars",
         where=(("exists", "refusals.reason"), ("exists", "client.ip")), by="client.ip"),
    dict(name="latency-hops", title="Seconds from reception to delivery, by next hop: median, 95 %", record="delivery", kind="hops",
         where=(("is", "status", ("delivered",)), ("exists", "host"), ("exists", "time")), by="host"),
    dict(name="latency-stages", title="Seconds in each stage: median, 95 %", record="message", kind="stages", where=()),
    dict(name="undelivered-codes", title="Deferred and failed deliveries by reply code", record="delivery", kind="bars",
         where=(("is", "status", ("deferred", "failed")),), by="code", split="status", values=("deferred", "failed"),
         missing="no reply"),
    dict(name="undelivered-replies", title="Deferred and failed deliveries by reply", record="delivery", kind="bars",
         where=(("is", "status", ("deferred", "failed")), ("exists", "response")), by="response", split="status",
         values=("deferred", "failed")),
    dict(name="open", title="What is still open, by status", record="message", kind="bars", where=(OPEN,), by="status",
         split="end_reason", missing="still open", values=("still open", "shutdown", "complete", "timeout")),
)

# lists of documents: title, record, conditions, columns
LISTS = (
    dict(name="exceptions-in", title="Messages that came without acceptable TLS", record="message",
         where=(("is", "tls.in.verdict", BAD),), partner="sender_domain",
         columns=("tls.in.verdict", "tls.in.version", "tls.in.cipher", "sender", "client.ip", "recipients", "queue_ids", "id")),
    dict(name="exceptions-out", title="Deliveries without acceptable TLS", record="delivery",
         where=(("is", "tls.verdict", BAD),), partner="domain",
         columns=("tls.verdict", "tls.version", "tls.cipher", "recipient", "host", "ip", "code", "response", "message")),
    dict(name="undelivered", title="Deferred and failed deliveries", record="delivery",
         where=(("is", "status", ("deferred", "failed")),), partner="domain",
         columns=("status", "recipient", "host", "code", "response", "error", "attempts", "message")),
    dict(name="open-messages", title="What is still open", record="message", where=(OPEN,), partner="sender_domain",
         columns=("status", "end_reason", "sender", "recipients", "subject", "queue_ids", "id")),
)
