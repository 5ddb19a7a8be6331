#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The evidence report in a real browser: it draws, filters, sorts and saves what stands in the documents, counted here a
second time; hostile logs stay text; every source of the same documents gives the same page."""
import collections
import csv
import gzip
import io
import json
import os
import re
import sqlite3
import subprocess

from browser import Browser
from harness import COMMAND, FOUNDING, TOP, SyslogNg, check, finish, run_command, scratch, unpack_unfinished_logs

REPORT = str(TOP / "examples/report.sh")
directory = scratch()
logs = directory / "logs"
unpack_unfinished_logs(logs)
ENVIRONMENT = dict(os.environ, SOURCE_DATE_EPOCH="1790000000")
ENVIRONMENT.setdefault("MAILTRACE_REPORT_CACHE", str(TOP / "build-report-cache"))
MARK = "PWNED"
HOSTILE = ["</script><script>document.title='%s'</script>" % MARK, "<img src=x onerror=document.title='%s'>" % MARK,
           "<!--<script>", "\"><svg onload=document.title='%s'>" % MARK, "javascript:document.title='%s'" % MARK,
           "]]></script>", "&lt;b&gt;", "{b|rich}", "=HYPERLINK(\"http://evil.test/\",\"x\")", "+1+cmd|' /C calc'!A0", "@SUM(1)",
           "-2+3", "\u202egnp.exe", "\u2028\u2029", "${x}", "{{constructor}}", "%s%n"]


def report(*arguments, stdin=None):
    return subprocess.run([REPORT, *map(str, arguments)], input=stdin, capture_output=True, timeout=600, env=ENVIRONMENT)


def make(name, *arguments, stdin=None):
    path = directory / (name + ".html")
    result = report("--output=%s" % path, *arguments, stdin=stdin)
    check("%s: made" % name, result.returncode == 0 and path.exists(), result.stderr.decode()[-500:])
    return path


def body_of(path):
    """the page without what tells its source"""
    return re.sub(r'<section id="source".*?</section>', "", path.read_text(encoding="utf-8"), flags=re.S)


# --- documents: those of the sample logs, and of a log that strangers wrote

def hostile_log():
    """the founding message with hostile text in everything that a stranger can choose"""
    original = FOUNDING.read_text()
    for number, text in enumerate(HOSTILE):
        copy = original
        for old, new in (("1haLqi-0002Mp-2G", "1haLqi-0002Mp-%02d" % number), ("1haLql-0002Mh-MA", "1haLql-0002Mh-%02d" % number)):
            copy = copy.replace(old, new)
        plain = text.replace("\n", " ")
        copy = copy.replace('subject="Statement"', 'subject="%s"' % plain.replace('"', "'"))
        copy = copy.replace("targetuser@", "t%d%s@" % (number, re.sub(r"[\s@\"]", "", plain)))
        copy = copy.replace("Queued mail for delivery", plain.replace('"', "'")).replace("s=dkim", "s=" + re.sub(r"\s", "", plain))
        copy = copy.replace("server.serverdomain.tld", "h%d.%s" % (number, re.sub(r"[\s()\[\]]", "", plain)))
        yield copy.replace("TLSv1.2:AES128-SHA256:128", "TLSv1:%s:56" % re.sub(r"[\s:]", "", plain) if number % 2 else "TLSv1:RC4-MD5:128")
    for number, text in enumerate(HOSTILE):
        yield ("2019:06:10-12:00:%02d defense exim-in[%d]: 2019-06-10 12:00:%02d H=(%s) [203.0.113.%d]:1234 F=<a%s@b.test> rejected "
               "RCPT <x@y.test>: %s\n") % (number, 20000 + number, number, re.sub(r"[\s()\[\]]", "", text), number + 1,
                                           re.sub(r"[\s<>@]", "", text), text)


(logs / "utm-hostile.log").write_text("".join(hostile_log()), encoding="utf-8")
everything = directory / "all.ndjson"
data = run_command("--quiet", "--host=mx", "--emit=message,session,scan,delivery,dkim", *sorted(logs.glob("*.log"))).stdout
everything.write_bytes(data)
documents = [json.loads(line) for line in data.splitlines()]
messages = [document for document in documents if document["record"] == "message"]
sessions = [document for document in documents if document["record"] == "session"]
hostile_text = " ".join(json.dumps(document, ensure_ascii=False) for document in documents)
check("the hostile texts reach the documents", all(text.split()[0].replace("\\", "\\\\").replace('"', "'") in hostile_text.replace('\\"', "'")
                                                   for text in HOSTILE if text[0] not in "\u2028"), "")

# --- what is counted independently of the report

def connections(leg):
    """(message, TLS facts, delivery or None) of each connection that has a verdict"""
    for message in messages:
        if leg == "in" and "verdict" in message.get("tls", {}).get("in", {}):
            yield message, message["tls"]["in"], None
        for delivery in message.get("deliveries", ()) if leg == "out" else ():
            if "verdict" in delivery.get("tls", {}):
                yield message, delivery["tls"], delivery


facts = {leg: list(connections(leg)) for leg in ("in", "out")}
verdicts = {leg: collections.Counter(tls["verdict"] for _, tls, _ in facts[leg]) for leg in facts}
versions = {leg: collections.Counter(tls.get("version", "no TLS") for _, tls, _ in facts[leg]) for leg in facts}
exceptions = sorted((leg, message["id"], tls["verdict"], (delivery or {}).get("recipient", ""))
                    for leg in facts for message, tls, delivery in facts[leg] if tls["verdict"] != "acceptable")
refusals = [refusal for session in sessions for refusal in session.get("refusals", ())]
undelivered = [delivery for message in messages for delivery in message.get("deliveries", ())
               if delivery["status"] in ("deferred", "failed")]
opened = [message for message in messages
          if not message["final"] or message["end_reason"] == "shutdown" or message["status"] == "deferred"]
unjudged = [message for message in messages if not {"verdict", "result"} & set(message.get("spam", {}))]

page = make("all", "--title=<i>Title</i>", "--organisation=Ünited & Sons", "--exceptions=%s" % (directory / "exceptions.csv"), everything)


def data_of(browser):
    return json.loads(browser.run("document.getElementById('data').textContent"))


def series(chart):
    return {one["name"]: sum(one["data"]) for one in chart["series"]}


def column(table, name):
    return [row[[one["name"] for one in table["columns"]].index(name)] for row in table["rows"]]


def check_numbers(content):
    charts, tables = content["charts"], content["tables"]
    for leg in ("in", "out"):
        check("chart: verdicts %s" % leg, series(charts["tls-%s-verdict" % leg]) == dict(verdicts[leg]), verdicts[leg])
        check("chart: versions %s" % leg, sum(series(charts["tls-%s-version" % leg]).values()) == sum(versions[leg].values()))
        found = collections.Counter()
        for row in tables["ciphers"]["rows"]:
            found[row[1]] += row[5] if row[0] == leg else 0
        check("ciphers: versions %s" % leg, +found == versions[leg], found)
    check("partners add up", sum(column(tables["partners"], "connections")) == sum(map(len, facts.values())))
    check("exceptions: how many", tables["exceptions"]["total"] == len(exceptions), tables["exceptions"]["total"])
    check("exceptions: which", sorted(zip(column(tables["exceptions"], "leg"), column(tables["exceptions"], "document"),
                                          column(tables["exceptions"], "verdict"))) == sorted(one[:3] for one in exceptions))
    signatures = collections.Counter(one["result"] for message in messages for one in message.get("dkim", ()))
    found = collections.Counter()
    for row in tables["dkim"]["rows"]:
        found[row[3]] += row[-1]
    check("DKIM signatures by result", found == signatures, found)
    check("DKIM of messages", sum(series(charts["dkim-time"]).values()) == sum("dkim_result" in one for one in messages))
    check("statuses", series(charts["status"]) == dict(collections.Counter(one["status"] for one in messages)))
    check("dispositions", sum(column(tables["dispositions"], "count")) == len(messages))
    check("spam results", series(charts["spam"]).get("no verdict", 0) == len(unjudged) > 0)
    check("mail without a verdict", tables["no_verdict"]["total"] == len(unjudged))
    reasons = collections.Counter(one["reason"] for one in refusals)
    check("refusals", tables["refusals"]["total"] == len(refusals) and collections.Counter(column(tables["refusals"], "reason")) == reasons)
    check("refusals by source", sum(column(tables["sources"], "refusals")) == len(refusals))
    check("undelivered", tables["undelivered"]["total"] == len(undelivered) == sum(column(tables["replies"], "count")))
    check("open", sorted(column(tables["open"], "document")) == sorted(one["id"] for one in opened) != [])
    hops = collections.Counter()
    for message in messages:
        hops.update({delivery.get("host") or "local: " + delivery.get("transport", "(unknown)")
                     for delivery in message.get("deliveries", ()) if delivery["status"] == "delivered"
                     } if "total" in message.get("seconds", {}) else ())
    check("latency: messages by next hop", sum(column(tables["latency"], "messages")) == sum(hops.values()) > 0)


def check_statement(browser):
    rows = json.loads(browser.run("JSON.stringify([...document.querySelectorAll('#tls-statement .sums tbody tr')].map("
                                  "row => [...row.children].map(cell => cell.textContent)))"))
    for place, leg in ((0, "in"), (2, "out")):
        whole, part = sum(verdicts[leg].values()), verdicts[leg]["acceptable"]
        check("statement: %s" % rows[place][0], [int(re.sub(r"\D", "", text)) for text in rows[place][1:6]] == [
            whole, *(verdicts[leg][name] for name in ("acceptable", "weak", "none", "unknown"))], rows[place])
        check("statement: the share", rows[place][6] == "%.2f %%" % (int(part * 10000 / whole) / 100), rows[place][6])
    whole = collections.Counter(one["tls"]["verdict"] for one in messages if "verdict" in one.get("tls", {}))
    check("statement: messages", int(re.sub(r"\D", "", rows[3][1])) == sum(whole.values()))
    text = browser.run("document.getElementById('tls-statement').textContent")
    check("statement: policy with version", "bsi-tr-02102-2, version 20" in text)
    check("statement: organisation and title are text", "Ünited & Sons" in text
          and browser.run("document.querySelector('h1').textContent") == "<i>Title</i>")


def saved(browser, table):
    path = browser.downloaded("mailtrace-%s.csv" % table.replace("_", "-"))
    text = path.read_text(encoding="utf-8-sig")
    path.unlink()
    return list(csv.reader(io.StringIO(text)))


def check_tables(browser):
    """filters, sorts, goes down to a partner's connections, saves"""
    box = "[data-table=exceptions] "
    count = "document.querySelector('%s.count').textContent" % box
    check("count of rows", browser.run(count) == "{:,} rows".format(len(exceptions)), browser.run(count))
    browser.run("(() => { const field = document.querySelector('%sinput'); field.value = 'RC4 out'; "
                "field.dispatchEvent(new Event('input')); })()" % box)
    found = int(browser.run(count).split()[0])
    check("filter", found == (len(HOSTILE) + 1) // 2, browser.run(count))
    browser.press(box + ".csv")
    rows = saved(browser, "exceptions")
    check("CSV has what is filtered", len(rows) == found + 1 and all("RC4-MD5" in row for row in rows[1:]), len(rows))
    browser.run("document.querySelector('%sinput').value = ''; document.querySelector('%sinput').dispatchEvent(new Event('input'))" % (box, box))
    browser.run("(() => { const choice = document.querySelector('%sselect[aria-label=leg]'); choice.value = 'in'; "
                "choice.dispatchEvent(new Event('change')); })()" % box)
    check("choice", browser.run(count).startswith("{:,} of".format(sum(one[0] == "in" for one in exceptions))), browser.run(count))
    browser.press("[data-table=partners] tbody tr:first-child button")
    name, leg = browser.run("[...document.querySelectorAll('[data-table=partners] tbody tr:first-child td')].slice(0, 2).map("
                            "cell => cell.textContent)")
    partners = [(message, tls, delivery) for message, tls, delivery in facts[leg] if tls["verdict"] != "acceptable" and name == (
        delivery["domain"] if leg == "out" else message.get("sender_domain"))]
    check("drill-down", browser.run(count).startswith("{:,} of".format(len(partners))), (name, leg, browser.run(count)))
    check("drill-down has the keyboard's focus", browser.run("document.activeElement.className") == "chip")
    browser.press(box + ".chip")
    head = "document.querySelector('%sth')" % box
    browser.run(head + ".firstChild.click()")
    times = browser.run("[...document.querySelectorAll('%stbody tr td:first-child')].map(cell => cell.textContent)" % box)
    check("sorted upwards", times == sorted(times) and browser.run(head + ".getAttribute('aria-sort')") == "ascending")
    browser.run(head + ".firstChild.click()")
    times = browser.run("[...document.querySelectorAll('%stbody tr td:first-child')].map(cell => cell.textContent)" % box)
    check("sorted downwards", times == sorted(times, reverse=True))


def check_pointer(browser):
    """what a picture tells under the pointer is text, too; a click on a bar leads to its connections"""
    for chart in browser.run("[...document.querySelectorAll('.chart:not(.empty)')].map(box => box.dataset.chart)"):
        box = "document.querySelector('[data-chart=\"%s\"]')" % chart
        browser.run(box + ".scrollIntoView({block: 'center'})")
        x, y = browser.run("(() => { const area = %s.getBoundingClientRect(); return [area.x + area.width * 0.6, area.y + 60]; })()" % box)
        before = browser.run(box + ".querySelectorAll('text').length")
        browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        check("%s tells under the pointer" % chart, browser.soon(box + ".querySelectorAll('text').length > %d" % before))
    browser.run("document.querySelector('[data-chart=partners]').scrollIntoView({block: 'center'})")
    x, y = browser.run("(() => { const area = document.querySelector('[data-chart=partners]').getBoundingClientRect(); "
                       "return [area.x + area.width * 0.6, area.y + 46]; })()")
    for kind in ("mousePressed", "mouseReleased"):
        browser.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
    check("a click on a bar leads to its connections", browser.soon("document.activeElement.className === 'chip'"))
    browser.press("[data-table=exceptions] .chip")


def check_csv(browser):
    for table in browser.run("[...document.querySelectorAll('[data-table]')].map(box => box.dataset.table)"):
        if browser.run("!document.querySelector('[data-table=%s] .csv')" % table):
            continue
        text = browser.run("""(() => {
          let blob, make = URL.createObjectURL;
          URL.createObjectURL = (made) => { blob = made; return "#"; };
          document.querySelector("[data-table=%s] .csv").click();
          URL.createObjectURL = make;
          return blob.text();
        })()""" % table)
        cells = [cell for row in csv.reader(io.StringIO(text.lstrip("\ufeff"))) for cell in row]
        check("CSV of %s holds no formula" % table, cells and not [cell for cell in cells if re.match(r"\s*[=+@]|\s*-(?!\d+$)", cell)])
    found = list(csv.DictReader(open(directory / "exceptions.csv", newline="", encoding="utf-8")))
    check("--exceptions has all of them", sorted((row["leg"], row["document"]) for row in found) == sorted(one[:2] for one in exceptions))
    check("--exceptions holds no formula", not [cell for row in found for cell in row.values() if re.match(r"\s*[=+@]|\s*-(?!\d+$)", cell)])


def check_harmless(browser):
    check("no markup of a stranger runs", browser.run("document.title") == "<i>Title</i>")
    check("no element of a stranger", browser.run("document.querySelectorAll('img, iframe, object, embed, link, base, form').length") == 0
          and browser.run("document.querySelectorAll('script').length") == 3)
    check("no attribute that runs", browser.run("[...document.querySelectorAll('*')].filter(one => [...one.attributes].some("
                                                "attribute => /^on/i.test(attribute.name))).length") == 0)
    shown = browser.run("[...document.querySelectorAll('[data-table] button.more')].forEach(one => { while (!one.hidden) one.click(); }), "
                        "document.body.innerText")
    for text in HOSTILE[:4]:
        check("shown as text: %s" % text[:24], re.sub(r"[\s\"]", "", text)[:20] in re.sub(r"[\s\"]", "", shown))
    check("directions of writing are shown", "\\u{202e}" in shown and "\u202e" not in shown)
    check("still no markup of a stranger runs", browser.run("document.title") == "<i>Title</i>")


def check_access(browser):
    check("charts have a role and a text", browser.run("[...document.querySelectorAll('.chart')].every(box => "
                                                       "box.classList.contains('empty') || (box.getAttribute('role') === 'img' && "
                                                       "box.getAttribute('aria-label').length > 20))"))
    check("fields have names", browser.run("[...document.querySelectorAll('input, select, button, .rows')].every(one => "
                                           "one.getAttribute('aria-label') || one.textContent.trim())"))
    check("ids are unique", browser.run("new Set([...document.querySelectorAll('[id]')].map(one => one.id)).size === "
                                        "document.querySelectorAll('[id]').length"))
    check("what scrolls can be reached", browser.run("[...document.querySelectorAll('.rows, .scroll')].every(one => one.tabIndex === 0)"))
    check("pictures are drawn", browser.run("[...document.querySelectorAll('.chart:not(.empty)')].filter("
                                            "one => one.querySelectorAll('svg path').length > 3).length") >= 13)


with Browser() as browser:
    check("the page is ready", browser.open(page))
    check("no error, no request", browser.problems() == [] and browser.requests() == [], (browser.problems(), browser.requests()))
    check_numbers(data_of(browser))
    check_statement(browser)
    check_access(browser)
    check_tables(browser)
    check_pointer(browser)
    check_csv(browser)
    check_harmless(browser)
    browser.print(directory / "page.pdf")
    check("printed", (directory / "page.pdf").stat().st_size > 100000)
    check("no error, no request in the end", browser.problems() == [] and browser.requests() == [], browser.problems())

# --- the same page from other sources

packed = directory / "all.ndjson.gz"
packed.write_bytes(gzip.compress(data))
arguments = ("--title=<i>Title</i>", "--organisation=Ünited & Sons", "--exceptions=%s" % (directory / "exceptions.csv"))
reference = body_of(page)
check("gzip gives the same page", body_of(make("packed", *arguments, packed)) == reference)
check("standard input gives the same page", body_of(make("stdin", *arguments, "-", stdin=data)) == reference)
older = [dict(document, revision=0, status="unknown", tls={"verdict": "none", "policy": "wrong", "in": {"verdict": "none"}}, deliveries=[])
         for document in messages]
mixed = directory / "mixed.ndjson"
mixed.write_text("".join(json.dumps(document, ensure_ascii=False) + "\n" for document in older[:200] + documents + older[200:])
                 + '{"record":"message","id":"torn', encoding="utf-8")
found = make("revisions", *arguments, mixed)
check("older revisions count for nothing", body_of(found) == reference)
check("what is no document is said", "lines were no documents" in found.read_text(encoding="utf-8"))

server = SyslogNg(TOP / "examples/sqlite.conf", directory / "sqlite", logs=logs, database=directory / "mail.db").start()
check("sqlite.conf reads all lines", server.wait_for_lines(sum(path.read_bytes().count(b"\n") for path in logs.glob("*.log"))))
check("sqlite.conf ends cleanly", server.stop() == 0)
with Browser() as browser:
    check("the page of a database is ready", browser.open(make("database", directory / "mail.db")))
    check("no error with a database", browser.problems() == [], browser.problems())
    content = data_of(browser)
    from_database = sqlite3.connect(directory / "mail.db").execute("SELECT count(*) FROM messages").fetchone()[0]
    check("a database has as many messages", from_database == len(messages), from_database)
    for name in ("tls-in-verdict", "tls-out-verdict", "status", "spam", "dkim-time"):
        check("a database gives the same chart: %s" % name, series(content["charts"][name]) == series(
            json.loads(re.search(r'id="data">(.*?)</script>', page.read_text(encoding="utf-8"))[1])["charts"][name]))
    check("a database gives the same exceptions", content["tables"]["exceptions"]["total"] == len(exceptions))
    check("a database gives the same refusals", content["tables"]["refusals"]["total"] == len(refusals))

# --- options and errors

period = make("period", "--from=2019-06-10", "--to=2019-06-10", everything).read_text(encoding="utf-8")
inside = sum(one["received"].startswith("2019-06-10") for one in messages)
check("--from and --to", ">%s messages, " % "{:,}".format(inside).replace(",", "\u202f") in period.replace(" · ", ">"), inside)
short = make("short", "--max-rows=10", everything).read_text(encoding="utf-8")
check("--max-rows is said in the statement", "The first 10 are listed below" in short
      and "All of them are listed" not in short)
check("--max-rows keeps the count", '"total":%d' % len(exceptions) in short)
for arguments, code, text in (
        (("--help",), 0, "usage: report.sh"), ((), 2, "INPUT"), (("--from=May", everything), 2, "--from=May is no time"),
        ((directory / "none.ndjson",), 1, "none.ndjson: No such file"), ((FOUNDING,), 1, "are these documents of mailtrace?"),
        (("--from=1999", "--to=1999", everything), 1, "in this period"), (("--max-rows=0", everything), 2, "at least 1")):
    result = report(*arguments)
    check("report.sh %s" % " ".join(str(one).rpartition("/")[2] for one in arguments), result.returncode == code
          and text in (result.stdout + result.stderr).decode(), (result.returncode, result.stderr.decode()[-300:]))
ecs = run_command("--quiet", "--json=ecs", FOUNDING).stdout
result = report("-", stdin=ecs)
check("documents of json(ecs) are an error that says so", result.returncode == 1 and b"json(ecs)" in result.stderr, result.stderr)
finish()
