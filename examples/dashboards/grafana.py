# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Grafana dashboard for the tables of the SQL destination, in SQLite (data source frser-sqlite-datasource) and in PostgreSQL."""
import json

from fields import TABLES, column, kind_of
from panels import COLOURS, LISTS, PANELS, STAGES

SOURCES = {"sqlite": ("frser-sqlite-datasource", "SQLite"), "postgresql": ("grafana-postgresql-datasource", "PostgreSQL")}


class Dialect:
    """what the two databases say differently"""

    def __init__(self, name):
        self.lite = name == "sqlite"
        self.step = "max(1, $__interval_ms / 1000)" if self.lite else "greatest(1, $__interval_ms / 1000)"

    def seconds(self, time):
        return "CAST(strftime('%%s', %s) AS INTEGER)" % time if self.lite else "extract(epoch FROM %s)" % time

    def exact(self, time):
        return "(julianday(%s) * 86400.0)" % time if self.lite else "extract(epoch FROM %s)" % time

    def period(self):
        return "%s BETWEEN $__from / 1000 AND $__to / 1000" % self.seconds("received") if self.lite else \
            "received BETWEEN to_timestamp($__from / 1000) AND to_timestamp($__to / 1000)"

    def bucket(self):
        return "{0} / {1} * {1}".format(self.seconds("received"), self.step) if self.lite else \
            "to_timestamp(floor({0} / {1}) * {1})".format(self.seconds("received"), self.step)

    def text(self, name):
        return "CAST(%s AS TEXT)" % name

    def boolean(self, name, value):
        return "%s IN (%s)" % (name, "1, 'true'" if value else "0, 'false'") if self.lite else ("" if value else "NOT ") + name

    def shown(self, record, name):
        """a value as a name of a bar"""
        if kind_of(record, name) == "BOOLEAN":
            return "CASE WHEN %s THEN 'yes' ELSE 'no' END" % self.boolean(column(record, name), True)
        return self.text(column(record, name)) if kind_of(record, name) != "TEXT" else column(record, name)

    def each(self, name):
        return "json_extract(each.value, '$.%s')" % name if self.lite else "each.value ->> '%s'" % name

    def tables(self, panel):
        table = TABLES[panel["record"]]
        if not panel.get("each"):
            return table
        return table + (", json_each(sessions.refusals) AS each" if self.lite else
                        ", jsonb_array_elements(sessions.refusals) AS each(value)")


def quoted(value):
    return "'%s'" % str(value).replace("'", "''")


def condition(dialect, record, one):
    kind, *rest = one
    if kind == "any":
        return "(%s)" % " OR ".join(condition(dialect, record, other) for other in rest)
    name = "refusals" if rest[0].startswith("refusals.") else column(record, rest[0])
    if kind in ("exists", "missing"):
        return name + (" IS NULL" if kind == "missing" else " IS NOT NULL")
    if isinstance(rest[1][0], bool):
        return dialect.boolean(name, rest[1][0])
    return "%s %sIN (%s)" % (name, "NOT " if kind == "not" else "", ", ".join(map(quoted, rest[1])))


def where(dialect, panel):
    return " AND ".join([dialect.period(), *(condition(dialect, panel["record"], one) for one in panel["where"])])


def value(dialect, panel, key):
    name = panel[key]
    if name.startswith("refusals."):
        return dialect.each(name.partition(".")[2])
    shown = dialect.shown(panel["record"], name)
    return "coalesce(%s, %s)" % (shown, quoted(panel["missing"])) if "missing" in panel and (
        key == "split" or "split" not in panel or name == "code") else shown


def query(dialect, panel):
    return {"time": time_query, "bars": bars_query, "hops": hops_query, "stages": stages_query}[panel["kind"]](dialect, panel)


def time_query(dialect, panel):
    return "SELECT %s AS time, %s AS metric, count(*) AS value\n  FROM %s\n WHERE %s\n GROUP BY 1, 2 ORDER BY 1, 2" % (
        dialect.bucket(), value(dialect, panel, "split"), dialect.tables(panel), where(dialect, panel))


def bars_query(dialect, panel):
    parts = ["count(*) AS documents"]
    if "split" in panel:
        split = value(dialect, panel, "split")
        parts = ['sum(CASE WHEN %s = %s THEN 1 ELSE 0 END) AS "%s"' % (split, quoted(name), name) for name in panel["values"]]
    return "SELECT %s AS name, %s\n  FROM %s\n WHERE %s\n GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 15" % (
        value(dialect, panel, "by"), ",\n       ".join(parts), dialect.tables(panel), where(dialect, panel))


def ranked(name, seconds, source):
    """median and 95th percentile by nearest rank; both databases know window functions"""
    return """WITH ranked AS (
SELECT name, seconds, row_number() OVER (PARTITION BY name ORDER BY seconds) AS place,
       count(*) OVER (PARTITION BY name) AS total
  FROM (SELECT %s AS name, %s AS seconds
          FROM %s) AS measured)
SELECT name, min(CASE WHEN place >= 0.5 * total THEN seconds END) AS median,
       min(CASE WHEN place >= 0.95 * total THEN seconds END) AS "95 %%"
  FROM ranked GROUP BY name ORDER BY max(total) DESC, name LIMIT 15""" % (name, seconds, source)


def hops_query(dialect, panel):
    return ranked("host", "%s - %s" % (dialect.exact("time"), dialect.exact("received")),
                  "%s\n         WHERE %s" % (TABLES[panel["record"]], where(dialect, panel)))


def stages_query(dialect, panel):
    union = "\n                UNION ALL ".join("SELECT '%d %s' AS stage, seconds_%s AS taken FROM messages WHERE %s" % (
        number, stage, stage, where(dialect, panel)) for number, stage in enumerate(STAGES, 1))
    return ranked("stage", "taken", "(%s) AS stages WHERE taken IS NOT NULL" % union)


def list_query(dialect, one):
    names = ", ".join(column(one["record"], name) for name in one["columns"])
    partner = column(one["record"], one["partner"])
    chosen = "(${partner:sqlstring} = '' OR %s = ${partner:sqlstring})" % partner
    return "SELECT received, %s, %s\n  FROM %s\n WHERE %s\n   AND %s\n ORDER BY received DESC LIMIT 1000" % (
        partner, names, TABLES[one["record"]], where(dialect, one), chosen)


def target(name, text, time):
    if name == "sqlite":
        return {"refId": "A", "queryType": "time series" if time else "table", "queryText": text, "rawQueryText": text,
                "timeColumns": ["time"] if time else []}
    return {"refId": "A", "format": "time_series" if time else "table", "rawQuery": True, "editorMode": "code", "rawSql": text}


def colours(panel):
    known = {**COLOURS, **panel.get("colours", {})}
    return [{"matcher": {"id": "byName", "options": name},
             "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": known[name]}}]}
            for name in panel.get("values", ()) if name in known]


def panel_of(name, panel, number):
    dialect, time = Dialect(name), panel["kind"] == "time"
    kind, uid = SOURCES[name][0], "${DS_MAILTRACE}"
    custom = {"drawStyle": "bars", "fillOpacity": 80, "lineWidth": 0, "stacking": {"mode": "normal", "group": "A"}}
    if not time:
        custom = {"fillOpacity": 80, "lineWidth": 0, "axisSoftMin": 0}
    defaults = {"custom": custom, "unit": "s" if panel["kind"] in ("hops", "stages") else "short", "min": 0}
    if panel.get("drill"):
        defaults["links"] = [{"title": "Its exceptions", "url": "/d/mailtrace-%s?var-partner=${__data.fields.name}&"
                              "${__url_time_range}" % name}]
    return {
        "id": number, "title": panel["title"], "type": "timeseries" if time else "barchart",
        "gridPos": {"x": 12 * ((number - 1) % 2), "y": 9 * ((number - 1) // 2), "w": 12, "h": 9},
        "datasource": {"type": kind, "uid": uid}, "targets": [dict(target(name, query(dialect, panel), time), datasource={
            "type": kind, "uid": uid})], "fieldConfig": {"defaults": defaults, "overrides": colours(panel)},
        "options": {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True}, "tooltip": {"mode": "multi"}} if time
        else {"orientation": "horizontal", "stacking": "none" if panel["kind"] in ("hops", "stages") else "normal", "xField": "name",
              "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True}, "tooltip": {"mode": "multi"}}}


def list_of(name, one, number, row):
    kind, uid = SOURCES[name][0], "${DS_MAILTRACE}"
    return {"id": number, "title": one["title"], "type": "table", "gridPos": {"x": 0, "y": row, "w": 24, "h": 10},
            "datasource": {"type": kind, "uid": uid}, "targets": [dict(target(name, list_query(Dialect(name), one), False), datasource={
                "type": kind, "uid": uid})], "fieldConfig": {"defaults": {"custom": {"filterable": True}}, "overrides": []},
            "options": {"showHeader": True}}


def grafana(name):
    kind, title = SOURCES[name]
    panels = [panel_of(name, panel, number) for number, panel in enumerate(PANELS, 1)]
    row = 9 * ((len(panels) + 1) // 2)
    panels += [list_of(name, one, len(PANELS) + 1 + place, row + 10 * place) for place, one in enumerate(LISTS)]
    board = {
        "__inputs": [{"name": "DS_MAILTRACE", "label": "mailtrace in " + title, "type": "datasource", "pluginId": kind,
                      "pluginName": title}],
        "__requires": [{"type": "grafana", "id": "grafana", "name": "Grafana", "version": "10.0.0"},
                       {"type": "datasource", "id": kind, "name": title, "version": "1.0.0"}],
        "uid": "mailtrace-" + name, "title": "Mail transport (%s)" % title, "tags": ["mailtrace"], "schemaVersion": 38, "version": 1,
        "editable": True, "timezone": "browser", "refresh": "", "time": {"from": "now-7d", "to": "now"}, "annotations": {"list": []},
        "templating": {"list": [{"name": "partner", "label": "Partner (domain)", "type": "textbox", "query": "",
                                 "current": {"text": "", "value": ""}, "options": [{"text": "", "value": "", "selected": True}]}]},
        "panels": panels}
    return json.dumps(board, indent=1, ensure_ascii=False) + "\n"
