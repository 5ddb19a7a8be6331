#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The evidence report: one HTML page about the documents of mailtrace, see --help."""
import argparse
import datetime
import os
import pathlib
import re
import sys

from page import make_page
from read import ReadError, open_source
from tally import Tally

EPILOG = """
INPUT is one of
  FILE...                     documents one a line, as `mailtrace` writes them, plain or .gz; - is standard input
  mail.db                     the SQLite database of examples/sqlite.conf
  postgresql://USER@HOST/DB   the same tables in PostgreSQL (by psql: PGPASSWORD and ~/.pgpass count)

Of each document the highest revision counts. Nothing is fetched when the page is looked at.
examples:
  mailtrace mail.log.gz | examples/report.sh - > report.html
  examples/report.sh --from=2026-10 --to=2026-10 --title='Mail, October' --exceptions=tls.csv mail.db > october.html
"""


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(prog="report.sh", description="Writes one self-contained HTML page about messages: TLS, "
                                     "DKIM, spam, refusals, delivery, and a TLS statement with every exception.",
                                     epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input", nargs="+", metavar="INPUT", help="documents, see below")
    parser.add_argument("--title", default="Mail transport report", help="heading of the page")
    parser.add_argument("--organisation", default="", help="who files it, for the TLS statement")
    parser.add_argument("--from", dest="first", default="", metavar="TIME",
                        help="received in or after: 2026, 2026-10, 2026-10-05, 2026-10-05T08")
    parser.add_argument("--to", dest="last", default="", metavar="TIME", help="received in or before, the whole of it")
    parser.add_argument("--max-rows", type=int, default=5000, metavar="N",
                        help="rows of each list in the page (default 5000); the counts are always of all")
    parser.add_argument("--exceptions", metavar="FILE", help="every exception of the TLS statement, as CSV")
    parser.add_argument("--output", "-o", metavar="FILE", help="default: standard output")
    parser.add_argument("--progress", choices=("auto", "always", "never"), default="auto", help="on standard error")
    parser.add_argument("--library", required=False, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    for name in ("first", "last"):
        value = getattr(options, name)
        if value and not re.fullmatch(r"\d{4}(-\d\d(-\d\d(T\d\d(:\d\d(:\d\d)?)?)?)?)?", value):
            parser.error("--%s=%s is no time: 2026-10-05 or a part of it" % ({"first": "from", "last": "to"}[name], value))
    if options.max_rows < 1:
        parser.error("--max-rows must be at least 1")
    if options.library is None:
        parser.error("started without report.sh: --library=FILE must name echarts.common.min.js")
    if "-" in options.input[:-1] or options.input.count("-") > 1:
        parser.error("- can be named once, as the last INPUT")
    return options


class Progress:
    def __init__(self, mode):
        self.wanted = mode == "always" or (mode == "auto" and sys.stderr.isatty())
        self.shown = None

    def __call__(self, part, done, total):
        percent = (part, 100 * done // total if total else 100)
        if self.wanted and percent != self.shown:
            self.shown = percent
            sys.stderr.write("\r%s: %3d %%\033[K" % percent)
            sys.stderr.flush()

    def end(self):
        if self.wanted and self.shown:
            sys.stderr.write("\r\033[K")


def made():
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    time = datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc) if epoch else \
        datetime.datetime.now().astimezone()
    return time.isoformat(" ", "seconds")


def read_all(options, stream):
    progress = Progress(options.progress)
    source = open_source(options.input, progress)
    tally = Tally(options.max_rows, options.first, options.last, stream)
    for document in source:
        tally.add(document)
    progress.end()
    if not tally.counts["message"] and not tally.counts["session"]:
        raise ReadError("no message and no session in %s%s" % (
            ", ".join(options.input), " in this period" if tally.counts["outside"] else ": are these documents of mailtrace?"))
    return source, tally


def main():
    options = parse_arguments(sys.argv[1:])
    try:
        library = pathlib.Path(options.library).read_text(encoding="utf-8")
        stream = open(options.exceptions, "w", newline="", encoding="utf-8") if options.exceptions else None
        source, tally = read_all(options, stream)
        if stream:
            stream.close()
        page = make_page(options, source, tally, library, made())
        if options.output:
            pathlib.Path(options.output).write_text(page, encoding="utf-8")
        else:
            sys.stdout.buffer.write(page.encode())
    except (ReadError, OSError) as error:
        print("report: %s" % error, file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 1
    if source.no_documents:
        print("report: %d lines were no documents and are not counted" % source.no_documents, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
