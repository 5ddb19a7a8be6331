# SPDX-License-Identifier: LGPL-2.1-or-later
"""Saved objects for Kibana and OpenSearch Dashboards: a data view, a Vega panel each, lists, one dashboard."""
import json

from fields import field_of
from panels import COLOURS, LISTS, PANELS, STAGES

INDEX = "mailtrace-*"
FILTERS = {"kibana": "kibanaAddFilter", "opensearch-dashboards": "opensearchDashboardsAddFilter"}
PERCENTS = (50, 95)
SECONDS = ("(doc['time'].value.toInstant().toEpochMilli() - "
           "doc['received'].value.toInstant().toEpochMilli()) / 1000.0")


# --- what is asked

def condition(record, one):
    kind, *rest = one
    if kind == "any":
        return {"bool": {"should": [condition(record, other) for other in rest], "minimum_should_match": 1}}
    field = field_of(record, rest[0])
    if kind == "exists":
        return {"exists": {"field": field}}
    if kind == "missing":
        return {"bool": {"must_not": [{"exists": {"field": field}}]}}
    wanted = {"terms": {field: list(rest[1])}}
    return wanted if kind == "is" else {"bool": {"must_not": [wanted]}}


def query(panel):
    conditions = [condition(panel["record"], one) for one in panel["where"]]
    return {"bool": {
        "must": [{"range": {"received": {"%timefilter%": True}}}, "%dashboard_context-must_clause%"],
        "filter": [*conditions, "%dashboard_context-filter_clause%"],
        "must_not": ["%dashboard_context-must_not_clause%"]}}


def terms(panel, key, size):
    made = {"field": field_of(panel["record"], panel[key]), "size": size}
    if "missing" in panel and (key == "split" or "split" not in panel or panel[key] == "code"):
        made["missing"] = panel["missing"] if panel[key] != "code" else 0
    return {"terms": made}


def aggregations(panel):
    if panel["kind"] == "stages":
        return {stage: {"percentiles": {"field": "seconds." + stage, "percents": PERCENTS, "keyed": False}}
                for stage in STAGES}
    if panel["kind"] == "time":
        outer = {"date_histogram": {"field": "received", "fixed_interval": {"%autointerval%": True}, "min_doc_count": 0}}
    else:
        outer = terms(panel, "by", 15)
    if panel["kind"] == "hops":
        outer["aggs"] = {"seconds": {"percentiles": {"script": {"source": SECONDS}, "percents": PERCENTS, "keyed": False}}}
    elif "split" in panel:
        outer["aggs"] = {"split": terms(panel, "split", 12)}
    return {"by": outer}


def request(panel):
    return {"size": 0, "track_total_hits": True, "query": query(panel), "aggs": aggregations(panel)}


# --- how it is drawn

def data(panel):
    """the buckets as they came, and from them the table of what is drawn"""
    key = "datum.key_as_string || datum.key" if panel["kind"] == "bars" else "datum.key"
    name = [{"type": "formula", "as": "name", "expr": "datum.key === 0 ? 'no reply' : datum.key" if panel.get("by") == "code" else key}]
    if panel["kind"] == "stages":
        name, rows = [{"type": "fold", "fields": list(STAGES), "as": ["name", "found"]}], seconds("found")
    else:
        rows = seconds("seconds") if panel["kind"] == "hops" else split(panel)
    return [{"name": "buckets", "url": {"index": "mailtrace-%s-*" % panel["record"], "body": request(panel)},
             "format": {"property": "aggregations" + ("" if panel["kind"] == "stages" else ".by.buckets")}, "transform": name},
            {"name": "table", "source": "buckets", "transform": rows},
            {"name": "parts", "source": "table", "transform": [{"type": "aggregate", "groupby": ["part"]}]}]


def seconds(name):
    return [{"type": "formula", "as": "median", "expr": "datum.%s.values[0].value" % name},
            {"type": "formula", "as": "most", "expr": "datum.%s.values[1].value" % name}]


def split(panel):
    if "split" not in panel:
        return [{"type": "formula", "as": "part", "expr": "'documents'"}, {"type": "formula", "as": "count", "expr": "datum.doc_count"},
                {"type": "stack", "groupby": ["name"], "field": "count", "as": ["from", "to"]}]
    return [{"type": "flatten", "fields": ["split.buckets"], "as": ["bucket"]},
            {"type": "formula", "as": "part", "expr": "datum.bucket.key_as_string || datum.bucket.key"},
            {"type": "formula", "as": "count", "expr": "datum.bucket.doc_count"},
            {"type": "stack", "groupby": ["name"], "field": "count", "sort": {"field": "part"}, "as": ["from", "to"]}]


def scales(panel):
    across = panel["kind"] != "time"
    order = {"field": "doc_count", "op": "max", "order": "descending"}
    names = {"name": "names", "type": "band", "padding": 0.15, "range": "height" if across else "width",
             "domain": {"data": "buckets", "field": "name", "sort": {"bars": order, "hops": order}.get(panel["kind"], panel["kind"] == "time")}}
    if panel["kind"] == "stages":
        names["domain"] = list(STAGES)
    field = "most" if panel["kind"] in ("hops", "stages") else "to"
    amounts = {"name": "amounts", "type": "linear", "range": "width" if across else "height", "nice": True, "zero": True,
               "domain": {"data": "table", "field": field}}
    made = [names, amounts]
    if field == "to":
        known = list(panel.get("values", ())) or ["documents"]
        made.append({"name": "colours", "type": "ordinal", "domain": known,
                     "range": [{**COLOURS, **panel.get("colours", {})}.get(name, "#3b78b0") for name in known]})
    return made


def axes(panel):
    quiet = {"grid": False, "ticks": False, "domain": False}
    amounts = {"scale": "amounts", "grid": True, "tickCount": 5, "format": "~s", "domain": False}
    if panel["kind"] == "time":
        return [dict(amounts, orient="left"), dict(quiet, scale="names", orient="bottom", formatType="time", format="%Y-%m-%d %H:%M",
                                                   labelOverlap=True, labelSeparation=10)]
    return [dict(amounts, orient="bottom"), dict(quiet, scale="names", orient="left", labelLimit=220)]


def bar(panel, name, start, end, colour, text, inset=0.0):
    along = {"x": {"scale": "amounts", **start}, "x2": {"scale": "amounts", **end},
             "y": {"scale": "names", "field": "name", "band": inset}, "height": {"scale": "names", "band": 1 - 2 * inset}}
    if panel["kind"] == "time":
        along = {"y": {"scale": "amounts", **start}, "y2": {"scale": "amounts", **end},
                 "x": {"scale": "names", "field": "name"}, "width": {"scale": "names", "band": 1}}
    return {"type": "rect", "name": name, "from": {"data": "table"}, "encode": {
        "enter": {"tooltip": {"signal": text}, "fill": colour, **({"cursor": {"value": "pointer"}} if panel.get("drill") else {})},
        "update": along}}


def marks(panel):
    if panel["kind"] in ("hops", "stages"):
        text = "datum.name + ': median ' + format(datum.median, '.1f') + ' s, 95 % ' + format(datum.most, '.1f') + ' s'"
        return [bar(panel, "most", {"value": 0}, {"field": "most"}, {"value": "#9bbfdd"}, text),
                bar(panel, "median", {"value": 0}, {"field": "median"}, {"value": "#1c4e80"}, text, 0.25)]
    name = "timeFormat(datum.name, '%Y-%m-%d %H:%M')" if panel["kind"] == "time" else "datum.name"
    return [bar(panel, "bars", {"field": "from"}, {"field": "to"}, {"scale": "colours", "field": "part"},
                name + " + ', ' + datum.part + ': ' + datum.count")]


def vega(panel, product):
    spec = {"$schema": "https://vega.github.io/schema/vega/v5.json", "description": panel["title"],
            "autosize": {"type": "fit", "contains": "padding"}, "padding": 5, "data": data(panel), "scales": scales(panel),
            "axes": axes(panel), "marks": marks(panel)}
    if "split" in panel:
        spec["legends"] = [{"fill": "colours", "orient": "top", "direction": "horizontal", "columns": 6, "symbolType": "square",
                            "values": {"signal": "pluck(data('parts'), 'part')"}}]
    if panel.get("drill"):
        spec["signals"] = [{"name": "chosen", "on": [{"events": "@bars:click", "update": "%s({match_phrase: {'%s': datum.name}})" % (
            FILTERS[product], field_of(panel["record"], panel["by"]))}]}]
    return spec


# --- saved objects

def lucene(record, one):
    kind, *rest = one
    if kind == "any":
        return "(%s)" % " OR ".join(lucene(record, other) for other in rest)
    field = field_of(record, rest[0])
    if kind in ("exists", "missing"):
        return ("NOT " if kind == "missing" else "") + "_exists_:" + field
    values = " OR ".join(str(value).lower() if isinstance(value, bool) else '"%s"' % value for value in rest[1])
    return ("NOT " if kind == "not" else "") + "%s:(%s)" % (field, values)


def list_query(one):
    return " AND ".join(['record:"%s"' % one["record"], *(lucene(one["record"], each) for each in one["where"])])


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def saved(kind, name, attributes, references=()):
    return {"id": "mailtrace" if kind == "index-pattern" else "mailtrace-" + name, "type": kind, "attributes": attributes,
            "references": list(references)}


def saved_panel(panel, product):
    source = {"query": {"query": "", "language": "kuery"}, "filter": []}
    title = "[mailtrace] " + panel["title"].replace("Refusals by", "Sessions with refusals by")
    return saved("visualization", panel["name"], {
        "title": title, "description": "", "version": 1, "uiStateJSON": "{}",
        "visState": compact({"title": title, "type": "vega", "aggs": [],
                             "params": {"spec": json.dumps(vega(panel, product), indent=2)}}),
        "kibanaSavedObjectMeta": {"searchSourceJSON": compact(source)}})


def saved_list(one):
    source = {"query": {"query": list_query(one), "language": "lucene"}, "filter": [], "highlightAll": True, "version": True,
              "indexRefName": "kibanaSavedObjectMeta.searchSourceJSON.index"}
    return saved("search", one["name"], {
        "title": "[mailtrace] " + one["title"], "description": "", "version": 1, "hits": 0, "sort": [["received", "desc"]],
        "columns": [field_of(one["record"], name) for name in one["columns"]],
        "kibanaSavedObjectMeta": {"searchSourceJSON": compact(source)}}, [
            {"id": "mailtrace", "type": "index-pattern", "name": "kibanaSavedObjectMeta.searchSourceJSON.index"}])


def dashboard(objects):
    panels, references, row = [], [], 0
    for number, one in enumerate(objects):
        wide = one["type"] == "search"
        place = {"x": 0 if wide or number % 2 == 0 else 24, "y": row, "w": 48 if wide else 24, "h": 14, "i": str(number)}
        row += 14 if wide or number % 2 else 0
        panels.append({"version": "7.10.0", "gridData": place, "panelIndex": str(number), "embeddableConfig": {},
                       "panelRefName": "panel_%d" % number})
        references.append({"name": "panel_%d" % number, "type": one["type"], "id": one["id"]})
    source = {"query": {"query": "", "language": "kuery"}, "filter": []}
    return saved("dashboard", "overview", {
        "title": "[mailtrace] Mail transport", "description": "TLS, DKIM, spam, refusals, delivery of each message", "version": 1,
        "hits": 0, "timeRestore": True, "timeFrom": "now-7d", "timeTo": "now", "panelsJSON": compact(panels),
        "optionsJSON": compact({"useMargins": True, "hidePanelTitles": False}),
        "kibanaSavedObjectMeta": {"searchSourceJSON": compact(source)}}, references)


def saved_objects(product):
    shown = [saved_panel(panel, product) for panel in PANELS] + [saved_list(one) for one in LISTS]
    view = saved("index-pattern", "", {"title": INDEX, "timeFieldName": "received"})
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in [view, *shown, dashboard(shown)])
