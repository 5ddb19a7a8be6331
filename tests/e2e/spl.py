# SPDX-License-Identifier: LGPL-2.1-or-later
"""A stand-in for Splunk, which is not to be had: reads the searches of the app word by word and runs them over documents, as the
manual of the search language describes the few commands that are used.  What it does not know is an error."""
import collections
import datetime
import json
import math
import re

TOKEN = re.compile(r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<field>'[^']*')|(?P<number>\d+(?:\.\d+)?)
                       |(?P<word>[A-Za-z_]\w*)|(?P<sign>>=|<=|!=|[-=<>()+*/.,]))""", re.X)


def tokens(text):
    place, found = 0, []
    while text[place:].strip():
        match = TOKEN.match(text, place)
        if match is None:
            raise ValueError("not understood: %s" % text[place:])
        found.append((match.lastgroup, match[match.lastgroup]))
        place = match.end()
    return found + [("end", "")]


def flat(document):
    """fields as KV_MODE=json makes them: dots, {} for arrays, several values in one field, all of them texts"""
    found = collections.defaultdict(list)

    def walk(part, name):
        if isinstance(part, dict):
            for key, one in part.items():
                walk(one, name + "." + key if name else key)
        elif isinstance(part, list):
            for one in part:
                walk(one, name + "{}")
        else:
            found[name].append(str(part).lower() if isinstance(part, bool) else str(part))

    walk(document, "")
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


class Expression:
    """an expression of eval and where, worked out for one event"""

    def __init__(self, text):
        self.tokens = tokens(text)

    def of(self, event):
        self.event, self.place = event, 0
        value = self._any()
        if self._peek() != ("end", ""):
            raise ValueError("left over: %s" % (self.tokens[self.place:],))
        return value

    def _peek(self):
        return self.tokens[self.place]

    def _take(self, *wanted):
        if self._peek()[1] in wanted and self._peek()[0] in ("word", "sign"):
            self.place += 1
            return self.tokens[self.place - 1][1]
        return None

    def _any(self):
        value = self._all()
        while self._take("OR"):
            value = self._all() or value
        return value

    def _all(self):
        value = self._not()
        while self._take("AND"):
            value = self._not() and value
        return value

    def _not(self):
        return not self._not() if self._take("NOT") else self._compared()

    def _compared(self):
        left = self._sum()
        sign = self._take("=", "!=", ">", "<", ">=", "<=")
        if sign is None:
            return left
        right = self._sum()
        if left is None or right is None:
            return False
        values = left if isinstance(left, list) else [left]
        return any(str(one) == str(right) for one in values) == (sign == "=")

    def _sum(self):
        value = self._product()
        while sign := self._take("+", "-", "."):
            other = self._product()
            if value is None or other is None:
                value = None
            else:
                value = str(value) + str(other) if sign == "." else float(value) + float(other) * (1 if sign == "+" else -1)
        return value

    def _product(self):
        value = self._one()
        while sign := self._take("*", "/"):
            other = self._one()
            value = None if value is None or other is None else float(value) * float(other) if sign == "*" else float(value) / float(other)
        return value

    def _one(self):
        if self._take("("):
            value = self._any()
            self._expect(")")
            return value
        sign = -1 if self._take("-") else 1
        kind, text = self._peek()
        self.place += 1
        if kind == "number":
            return sign * float(text) if "." in text else sign * int(text)
        if kind == "text":
            return text[1:-1].replace('\\"', '"')
        if kind == "field":
            return self.event.get(text[1:-1])
        if kind == "word":
            return self._call(text) if self._take("(") else self.event.get(text)
        raise ValueError("unexpected %s" % text)

    def _expect(self, sign):
        if not self._take(sign):
            raise ValueError("%s expected at %s" % (sign, self._peek()))

    def _call(self, name):
        arguments = []
        while not self._take(")"):
            arguments.append(self._any())
            self._take(",")
        return FUNCTIONS[name](self.event, *arguments)


def case(_, *parts):
    return next((value for wanted, value in zip(parts[::2], parts[1::2]) if wanted), None)


def many(value):
    return value if isinstance(value, list) else [] if value is None else [value]


def strptime(_, value, form):
    if value is None:
        return None
    fraction = "%3N" in form
    if fraction != ("." in value):
        return None
    return datetime.datetime.fromisoformat(value).timestamp()


FUNCTIONS = {
    "coalesce": lambda _, *values: next((value for value in values if value is not None), None), "case": case,
    "if": lambda _, wanted, one, other: one if wanted else other, "isnull": lambda _, value: value is None,
    "isnotnull": lambda _, value: value is not None, "null": lambda _: None, "true": lambda _: True,
    "in": lambda _, value, *values: any(str(one) in map(str, values) for one in many(value)),
    "mvcount": lambda _, value: len(many(value)) or None, "mvjoin": lambda _, value, sign: sign.join(many(value)) if value else None,
    "mvindex": lambda _, value, place: (many(value)[int(place)] if many(value) else None),
    "json_extract": lambda event, raw, name: json.loads(raw).get(name), "strptime": strptime}


def add_fields(event, props):
    """EVAL- of props.conf: all see what was extracted, none sees another one's result"""
    return {**event, **{name: value for name, value in ((name, expression.of(event)) for name, expression in props.items())
                        if value is not None}}


class Splunk:
    def __init__(self, documents, props):
        expressions = {name: Expression(text) for name, text in props.items()}
        self.events = []
        for document in documents:
            event = dict(flat(document), host="the-indexer", _raw=json.dumps(document),
                         _time=datetime.datetime.fromisoformat(document["received"]).timestamp())
            self.events.append(add_fields(event, expressions))

    def newest(self, record):
        """the macro mailtrace_newest()"""
        found = {}
        for event in sorted((one for one in self.events if one["record"] == record), key=lambda one: -int(one["revision"])):
            found.setdefault(event["id"], event)
        return list(found.values())

    def run(self, search):
        first, *commands = [part.strip() for part in search.split("\n|")]
        rows = self.newest(re.fullmatch(r"`mailtrace_newest\((\w+)\)`", first)[1])
        for command in commands:
            name, _, rest = command.partition(" ")
            rows = getattr(self, "_" + name)(rows, rest)
        return rows

    @staticmethod
    def _where(rows, text):
        expression = Expression(text)
        return [row for row in rows if expression.of(row)]

    @staticmethod
    def _eval(rows, text):
        for part in re.split(r",\s*(?=\w+=)", text):
            name, _, expression = part.partition("=")
            expression = Expression(expression)
            rows = [dict(row, **{name: expression.of(row)}) for row in rows]
        return rows

    @staticmethod
    def _rename(rows, text):
        old, new = re.fullmatch(r'"([^"]+)" AS (\w+)', text).groups()
        return [{new if key == old else key: value for key, value in row.items()} for row in rows]

    @staticmethod
    def _mvexpand(rows, name):
        return [dict(row, **{name: one}) for row in rows for one in many(row.get(name))]

    @staticmethod
    def _timechart(rows, text):
        name = re.fullmatch(r"limit=12 count by (\w+)", text)[1]
        return [{"metric": part, "value": count} for part, count in collections.Counter(row[name] for row in rows if row.get(name)).items()]

    @staticmethod
    def _chart(rows, text):
        over, by = re.fullmatch(r"limit=0 count over (\w+) by (\w+)", text).groups()
        counts = collections.defaultdict(collections.Counter)
        for row in rows:
            if row.get(over) is not None and row.get(by) is not None:
                counts[row[over]][row[by]] += 1
        return [{over: name, **parts} for name, parts in counts.items()]

    @staticmethod
    def _addtotals(rows, text):
        name = text.partition("fieldname=")[2]
        return [dict(row, **{name: sum(value for value in row.values() if isinstance(value, int))}) for row in rows]

    @staticmethod
    def _stats(rows, text):
        text, _, by = text.partition(" by ")
        groups = collections.defaultdict(list)
        for row in rows:
            if not by or row.get(by) is not None:
                groups[row.get(by)].append(row)
        return [dict({by: key} if by else {}, **calculations(text, group)) for key, group in groups.items()]

    @staticmethod
    def _sort(rows, text):
        down, name = re.fullmatch(r"(- )?(\w+)", text).groups()
        return sorted(rows, key=lambda row: row[name], reverse=bool(down))

    @staticmethod
    def _head(rows, text):
        return rows[:int(text)]

    @staticmethod
    def _fields(rows, text):
        return [{key: value for key, value in row.items() if key != text.removeprefix("- ")} for row in rows]

    @staticmethod
    def _transpose(rows, text):
        name = text.partition("column_name=")[2]
        return [{name: key, "row 1": value} for key, value in rows[0].items()] if rows else []

    @staticmethod
    def _table(rows, text):
        names = [name.strip('"') for name in re.findall(r'"[^"]+"|\S+', text)]
        return [{name: row.get(name) for name in names} for row in rows]


def calculations(text, rows):
    """count [AS x], median(f) AS x, perc95(f) AS x"""
    found = {}
    for name, field, alias in re.findall(r'(\w+)(?:\(([\w.]+)\))?(?: AS ("[^"]+"|\w+))?', text):
        values = sorted(float(row[field]) for row in rows if row.get(field) is not None) if field else []
        if name != "count" and not values:
            continue
        share = {"median": 0.5, "perc95": 0.95}.get(name)
        found[(alias or name).strip('"')] = len(rows) if name == "count" else values[max(0, math.ceil(share * len(values)) - 1)]
    return found
