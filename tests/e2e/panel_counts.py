# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the panels of examples/dashboards must show, counted from native documents by plain loops."""
import collections
import datetime
import sys

from harness import TOP

sys.path.insert(0, str(TOP / "examples/dashboards"))


def seconds(stamp):
    return datetime.datetime.fromisoformat(stamp).timestamp()


def value(document, name):
    for part in name.split("."):
        if isinstance(document, list):
            document = document[0] if document else None
        if not isinstance(document, dict) or part not in document:
            return None
        document = document[part]
    return document


def holds(document, one):
    kind, *rest = one
    if kind == "any":
        return any(holds(document, other) for other in rest)
    found = value(document, rest[0])
    if kind in ("exists", "missing"):
        return (found is not None) == (kind == "exists")
    return (found in rest[1]) == (kind == "is")


def chosen(panel, documents):
    return [document for document in documents if document["record"] == panel["record"]
            and all(holds(document, one) for one in panel["where"])]


def named(panel, key, found):
    if found is None:
        return panel.get("missing")
    return {True: "true", False: "false"}.get(found, found) if isinstance(found, bool) else found


def table(panel, documents, step=60, pairs=False):
    """count by (name, part); pairs: refusals one by one, else each session once a reason"""
    counts = collections.Counter()
    for document in chosen(panel, documents):
        part = named(panel, "split", value(document, panel["split"])) if "split" in panel else "documents"
        if panel["kind"] == "time":
            names = [int(seconds(document["received"]) // step * step)]
        elif panel.get("each"):
            names = [refusal[panel["by"].partition(".")[2]] for refusal in document["refusals"]]
            names = names if pairs else set(names)
        else:
            names = [named(panel, "by", value(document, panel["by"]))]
        counts.update((name, part) for name in names)
    return counts


def samples(panel, documents):
    """sorted seconds by name"""
    found = collections.defaultdict(list)
    for document in chosen(panel, documents):
        if panel["kind"] == "hops":
            found[document["host"]].append(seconds(document["time"]) - seconds(document["received"]))
        else:
            for stage, taken in document.get("seconds", {}).items():
                found[stage].append(taken)
    return {name: sorted(values) for name, values in found.items()}


def near(values, share, found, slack=0.002):
    """a percentile, by whatever interpolation: between the samples around its rank"""
    place = share * (len(values) - 1)
    low, high = values[max(0, int(place) - 1)], values[min(len(values) - 1, int(place) + 2)]
    return low - slack <= found <= high + slack
