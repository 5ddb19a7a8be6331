# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Splunk app for documents of mailtrace-splunk(): names of the CIM's model Email, and a Dashboard
Studio view.  A document may come again with a higher revision and Splunk keeps both: searches take the newest."""
import json

from fields import defined
from panels import COLOURS, LISTS, PANELS, STAGES

APP = "splunk/mailtrace/"
HEAD = "# SPDX-License-Identifier: LGPL-2.1-or-later\n# Made by examples/dashboards/make.py.\n"
NOTE = "# %s\n"
SPECIAL = {("delivery", "host"): "next_hop"}   # Splunk has a field host of its own

# CIM, model Email: required fields first.  Units: delay in milliseconds, duration and response_time in seconds.
CIM = (
    ("action", 'case(disposition="quarantined" OR status="quarantined", "quarantined", in(status, "delivered", "partial"), "delivered", '
               'status="rejected", "blocked", status="discarded", "deleted", true(), status)'),
    ("dest", 'coalesce(if(record="delivery", coalesce(json_extract(_raw, "host"), ip), \'deliveries{}.host\'), gateway)'),
    ("internal_message_id", "coalesce(mvindex('queue_ids{}', -1), queue_id)"),
    ("message_id", "coalesce(message_id, message, id)"),
    ("protocol", '"smtp"'),
    ("recipient", "coalesce('recipients{}', recipient)"),
    ("recipient_count", "mvcount(coalesce('recipients{}', recipient))"),
    ("recipient_domain", "coalesce('recipient_domains{}', domain)"),
    ("return_addr", 'if(coalesce(sender, return_path, "")="", "<>", coalesce(sender, return_path))'),
    ("src", "coalesce('client.host', 'client.ip', gateway)"),
    ("src_user", 'coalesce(sender_original, if(sender="", null(), sender), "<>")'),
    ("src_user_domain", 'coalesce(sender_domain, "unknown")'),
    ("vendor_product", 'if(isnotnull(\'scans{}.queue_id\') OR isnotnull(disposition), "Sophos UTM", "Exim")'),
    ("delay", "'seconds.total' * 1000"), ("duration", "'seconds.total'"), ("response_time", "deliver_time"),
    ("retries", "if(isnotnull(attempts), attempts - 1, null())"), ("status_code", "coalesce(code, 'deliveries{}.code')"),
    ("recipient_status", "coalesce('deliveries{}.status', status)"), ("message_info", "coalesce(response, 'deliveries{}.response')"),
    ("orig_recipient", "coalesce(original_recipient, 'deliveries{}.original_recipient')"), ("orig_src", "sender"),
    ("process_id", "coalesce('client.pid', pid)"), ("src_ip", "'client.ip'"), ("src_port", "'client.port'"),
    ("dest_ip", "coalesce(ip, 'deliveries{}.ip')"), ("dvc", "gateway"), ("user", "'auth.id'"),
    ("xref", "mvjoin('queue_ids{}', \";\")"),
    ("xdelay", '"receive=" . \'seconds.receive\' . ";queue=" . \'seconds.queue\' . ";deliver=" . \'seconds.deliver\''),
    ("signature", "'spam.engine'"), ("signature_id", "'spam.verdict'"), ("signature_extra", "'spam.refid'"),
    ("filter_score", "'spam.score'"), ("filter_action", "disposition"),
    ("smtp_protocol", "protocol"), ("next_hop", 'if(record="delivery", json_extract(_raw, "host"), null())'),
    ("tls_version_in", "'tls.in.version'"), ("tls_cipher_in", "'tls.in.cipher'"), ("tls_bits_in", "'tls.in.bits'"),
    ("tls_version_out", "coalesce('tls.out.versions{}', if(record=\"delivery\", 'tls.version', null()))"),
    ("tls_verdict", "'tls.verdict'"))
REQUIRED = [name for name, _ in CIM[:13]]


def name_of(record, name):
    defined(record, name)
    return SPECIAL.get((record, name), name)


def quoted(record, name):
    return "'%s'" % name_of(record, name)


def text(value):
    return '"%s"' % (str(value).lower() if isinstance(value, bool) else value)


def condition(record, one):
    kind, *rest = one
    if kind == "any":
        return "(%s)" % " OR ".join(condition(record, other) for other in rest)
    name = quoted(record, rest[0]) if not rest[0].startswith("refusals.") else "'refusals{}.%s'" % rest[0][9:]
    if kind in ("exists", "missing"):
        return "is%s(%s)" % ("notnull" if kind == "exists" else "null", name)
    return "%sin(%s, %s)" % ("NOT " if kind == "not" else "", name, ", ".join(map(text, rest[1])))


def newest(panel):
    parts = ["`mailtrace_newest(%s)`" % panel["record"]]
    if panel["where"]:
        parts.append("where " + " AND ".join(condition(panel["record"], one) for one in panel["where"]))
    return parts


def value(panel, key):
    shown = quoted(panel["record"], panel[key])
    return "coalesce(%s, %s)" % (shown, text(panel["missing"])) if "missing" in panel and (
        key == "split" or "split" not in panel or panel[key] == "code") else shown


def query(panel):
    parts = newest(panel)
    if panel["kind"] == "stages":
        rows = ["median(seconds.%s) AS \"%s median\" perc95(seconds.%s) AS \"%s 95 %%\"" % (stage, stage, stage, stage) for stage in STAGES]
        parts += ["stats " + " ".join(rows), "transpose column_name=stage", 'rename "row 1" AS seconds']
    elif panel["kind"] == "hops":
        parts += ['eval taken=coalesce(strptime(time, "%Y-%m-%dT%H:%M:%S.%3N%:z"), strptime(time, "%Y-%m-%dT%H:%M:%S%:z")) - _time',
                  'stats count median(taken) AS median perc95(taken) AS "95 %" by next_hop', "sort - count", "head 15", "fields - count"]
    elif panel["kind"] == "time":
        parts += ["eval part=" + value(panel, "split"), "timechart limit=12 count by part"]
    elif panel.get("each"):
        parts += ['rename "refusals{}.%s" AS name' % panel["by"][9:], "mvexpand name", "stats count AS documents by name",
                  "sort - documents", "head 15"]
    elif "split" in panel:
        parts += ["eval name=%s, part=%s" % (value(panel, "by"), value(panel, "split")), "chart limit=0 count over name by part",
                  "addtotals fieldname=all", "sort - all", "head 15", "fields - all"]
    else:
        parts += ["eval name=" + value(panel, "by"), "stats count AS documents by name", "sort - documents", "head 15"]
    return "\n| ".join(parts)


def list_query(one):
    names = [name_of(one["record"], name) if name not in ("recipients", "queue_ids") else '"%s{}"' % name for name in one["columns"]]
    return "\n| ".join([*newest(one), 'where $partner|s$="*" OR %s=$partner|s$' % quoted(one["record"], one["partner"]), "sort - _time",
                        "table _time %s %s" % (name_of(one["record"], one["partner"]), " ".join(names))])


# --- Dashboard Studio

def search(text, name):
    return {"type": "ds.search", "name": name, "options": {
        "query": text, "queryParameters": {"earliest": "$time.earliest$", "latest": "$time.latest$"}}}


def picture(panel):
    known = {**COLOURS, **panel.get("colours", {})}
    made = {"type": "splunk.column" if panel["kind"] == "time" else "splunk.bar", "title": panel["title"],
            "dataSources": {"primary": "search_" + panel["name"]},
            "options": {"legendDisplay": "top", "xAxisTitleVisibility": "hide", "yAxisTitleVisibility": "hide",
                        "stackMode": "auto" if panel["kind"] in ("hops", "stages") else "stacked",
                        "seriesColorsByField": {name: known[name] for name in panel.get("values", ()) if name in known}}}
    if panel.get("drill"):
        made["eventHandlers"] = [{"type": "drilldown.setToken", "options": {"tokens": [{"token": "partner", "key": "row.name.value"}]}}]
    return made


def view():
    shown = [(panel["name"], picture(panel), search(query(panel), panel["title"])) for panel in PANELS]
    shown += [("list-" + one["name"], {"type": "splunk.table", "title": one["title"], "options": {"count": 20},
                                       "dataSources": {"primary": "search_list-" + one["name"]}},
               search(list_query(one), one["title"])) for one in LISTS]
    structure, row = [], 0
    for number, (name, made, _) in enumerate(shown):
        wide = made["type"] == "splunk.table"
        structure.append({"item": "viz_" + name, "type": "block", "position": {
            "x": 0 if wide or number % 2 == 0 else 600, "y": row, "w": 1200 if wide else 600, "h": 320}})
        row += 320 if wide or number % 2 else 0
    return {
        "title": "Mail transport", "description": "TLS, DKIM, spam, refusals, delivery of each message",
        "dataSources": {"search_" + name: asked for name, _, asked in shown},
        "visualizations": {"viz_" + name: made for name, made, _ in shown},
        "inputs": {"input_time": {"type": "input.timerange", "title": "Time", "options": {"token": "time", "defaultValue": "-7d@d,now"}},
                   "input_partner": {"type": "input.text", "title": "Partner (domain, * for all)",
                                     "options": {"token": "partner", "defaultValue": "*"}}},
        "defaults": {},
        "layout": {"globalInputs": ["input_time", "input_partner"], "tabs": {"items": [{"layoutId": "layout_1", "label": "Mail transport"}]},
                   "layoutDefinitions": {"layout_1": {"type": "grid", "options": {"width": 1200}, "structure": structure}}}}


def view_file():
    return """<!-- SPDX-License-Identifier: LGPL-2.1-or-later, made by examples/dashboards/make.py -->
<dashboard version="2" theme="light">
  <label>Mail transport</label>
  <description>TLS, DKIM, spam, refusals, delivery of each message</description>
  <definition><![CDATA[
%s
  ]]></definition>
</dashboard>
""" % json.dumps(view(), indent=1)


def props():
    """the source types of mailtrace-splunk(), and mailtrace for files that Splunk reads itself"""
    cim = "".join("EVAL-%s = %s\n" % pair for pair in CIM)
    return HEAD + """
[mailtrace]
SHOULD_LINEMERGE = false
LINE_BREAKER = ([\\r\\n]+)
TRUNCATE = 0
TIME_PREFIX = "received":"
TIME_FORMAT = %Y-%m-%dT%H:%M:%S%:z
MAX_TIMESTAMP_LOOKAHEAD = 40
KV_MODE = json
# CIM, model Email
""" + cim + "".join("\n[mailtrace:%s]\nKV_MODE = json\n%s" % (record, cim if record in ("message", "delivery") else "") for record in (
        "message", "session", "delivery", "dkim", "scan"))


def splunk_files():
    yield APP + "default/app.conf", HEAD + """
[install]
is_configured = 1

[ui]
is_visible = 1
label = mailtrace

[launcher]
author = mailtrace
description = One event per message of Sophos UTM and Exim: TLS, DKIM, spam, refusals, delivery
version = 1.0.0

[package]
id = mailtrace
"""
    yield APP + "default/props.conf", props()
    yield APP + "default/eventtypes.conf", HEAD + "".join(
        "\n[mailtrace_%s]\nsearch = (sourcetype=mailtrace OR sourcetype=\"mailtrace:*\") %s\n" % pair for pair in (
            ("message", "record=message"), ("filter", "record=message spam.verdict=*"), ("delivery", "record=delivery"),
            ("session", "record=session")))
    yield APP + "default/tags.conf", HEAD + """
[eventtype=mailtrace_message]
email = enabled
delivery = enabled

[eventtype=mailtrace_filter]
email = enabled
filter = enabled
"""
    yield APP + "default/macros.conf", HEAD + """
# where the documents are: index=mail makes searches faster
[mailtrace_index]
definition = index=*

# the newest revision of each document
[mailtrace_newest(1)]
args = record
definition = `mailtrace_index` (sourcetype=mailtrace OR sourcetype=\"mailtrace:$record$\") record=$record$ | sort 0 - revision | dedup id
"""
    yield APP + "default/data/ui/views/mail_transport.xml", view_file()
    yield APP + "default/data/ui/nav/default.xml", """<!-- SPDX-License-Identifier: LGPL-2.1-or-later, made by examples/dashboards/make.py -->
<nav search_view="search">
  <view name="mail_transport" default="true"/>
  <view name="search"/>
</nav>
"""
    yield APP + "metadata/default.meta", HEAD + """
[]
access = read : [ * ], write : [ admin ]
export = system
"""
