# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every query of the Grafana dashboard of a database, with Grafana's words replaced, against the numbers in the documents."""
import datetime
import json
import re

from harness import TOP, check
from panel_counts import chosen, near, samples, seconds, table
from panels import LISTS, PANELS

STEP = 60


def text_of(query, first, last, partner=""):
    """as Grafana sends it"""
    for word, value in (("$__from", str(int(first * 1000))), ("$__to", str(int(last * 1000) + 999)),
                        ("$__interval_ms", str(STEP * 1000)), ("${partner:sqlstring}", "'%s'" % partner.replace("'", "''"))):
        query = query.replace(word, value)
    assert "$" not in re.sub(r"'\$\.\w+'", "", query), query
    return query


def epoch(value):
    """of what a database gives for a time"""
    return int(value) if str(value).isdigit() else int(datetime.datetime.fromisoformat(str(value)).timestamp())


def check_panel(name, panel, rows, documents):
    if panel["kind"] in ("hops", "stages"):
        wanted = samples(panel, documents)
        found = {row["name"].partition(" ")[2] or row["name"]: row for row in rows}
        check("%s: %s" % (name, panel["name"]), found and all(
            near(wanted[key], 0.5, float(row["median"])) and near(wanted[key], 0.95, float(row["95 %"])) for key, row in found.items()),
              (rows, wanted))
        return
    wanted = table(panel, documents, STEP, pairs=True)
    if panel["kind"] == "time":
        found = {(epoch(row["time"]), row["metric"]): int(row["value"]) for row in rows}
    else:
        found = {(row["name"], part): int(row[part]) for row in rows for part in panel.get("values", ("documents",)) if int(row[part])}
        said = {"true": "yes", "false": "no"}
        wanted = {(said.get(key, str(key)), part): count for (key, part), count in wanted.items()}
        names = {row["name"] for row in rows}
        check("%s: %s has the most frequent" % (name, panel["name"]), len(names) == min(15, len({key for key, _ in wanted})), names)
        wanted = {pair: count for pair, count in wanted.items() if pair[0] in names}
    check("%s: %s" % (name, panel["name"]), found and found == dict(wanted), (found, dict(wanted)))


def check_grafana(name, documents, run):
    """run: from the text of a query to its rows, as dictionaries"""
    board = json.loads((TOP / ("examples/dashboards/grafana-%s.json" % name)).read_text(encoding="utf-8"))
    first, last = (pick(seconds(document["received"]) for document in documents) for pick in (min, max))
    shown = {panel["title"]: panel["targets"][0] for panel in board["panels"]}
    check("%s: all panels and lists" % name, len(shown) == len(board["panels"]) == len(PANELS) + len(LISTS))
    for panel in PANELS:
        one = shown[panel["title"]]
        check_panel(name, panel, run(text_of(one.get("rawSql") or one["queryText"], first, last)), documents)
    for one in LISTS:
        text = shown[one["title"]].get("rawSql") or shown[one["title"]]["queryText"]
        wanted = chosen(one, documents)
        rows = run(text_of(text, first, last))
        check("%s: list %s" % (name, one["name"]), len(rows) == min(1000, len(wanted)) > 0, (len(rows), len(wanted)))
        partner = one["partner"]
        for value in {document[partner] for document in wanted if partner in document} | {"o'brien"}:
            rows = run(text_of(text, first, last, value))
            check("%s: list %s of %s" % (name, one["name"], value), len(rows) == min(1000, sum(
                document.get(partner) == value for document in wanted)), len(rows))
    check("%s: nothing beyond the period" % name, all(
        not sum(int(value or 0) for row in run(text_of(one.get("rawSql") or one["queryText"], 0, 1)) for key, value in row.items()
                if key == "value") for one in shown.values()))
