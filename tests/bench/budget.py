#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Instructions a line of the whole command, for each corpus, against the checked-in budget.
usage: tests/bench/budget.py [--update]
  --update   measures, and writes tests/bench/budget.txt
Exit status 1 when a corpus needs over 5 % more instructions a line than its budget.

Instructions are counted by callgrind, so that neither the load nor the clock of the machine matters.  They are those of
main() and all it calls; those of a run over an empty log are taken off.  The build is Release by gcc.  GLib and libc
count, too; GLIBC_TUNABLES makes libc choose the same variant of memcpy() and the like on each CPU, LD_BIND_NOW keeps
the loader out of it.  Other versions of compiler or libraries than the budget's are let off with 25 %."""
import concurrent.futures
import gzip
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from tools import TOP, build_release, callgrind, die  # noqa: E402

BUDGET = TOP / "tests/bench/budget.txt"
GROWTH, GROWTH_ELSEWHERE = 1.05, 1.25
HEAD = """# SPDX-License-Identifier: LGPL-2.1-or-later
# Instructions a line of the command over each corpus.  Renew with: tests/bench/budget.py --update
# measured with %s
"""


def versions():
    gcc = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True, check=True).stdout.strip()
    glib = subprocess.run(["pkg-config", "--modversion", "glib-2.0"], capture_output=True, text=True, check=True).stdout.strip()
    libc = subprocess.run(["getconf", "GNU_LIBC_VERSION"], capture_output=True, text=True, check=True).stdout.strip()
    return "gcc %s, GLib %s, %s" % (gcc, glib, libc)


def corpora():
    logs = TOP / "examples/logs"
    return {
        "utm-samples": b"".join(path.read_bytes() for path in sorted(logs.glob("0*.log"))),
        "utm-generated": gzip.decompress((logs / "utm-generated.log.gz").read_bytes()),
        "exim-mainlog": gzip.decompress((logs / "exim-mainlog.gz").read_bytes()),
    }


def measure():
    program = build_release() / "bin/mailtrace"
    texts = corpora()
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(2) as pool:
        def count(item):
            path = pathlib.Path(scratch, item[0])
            path.write_bytes(item[1])
            return callgrind([program, "--quiet", "--time-zone=UTC", "--output=/dev/null", path],
                             path.with_suffix(".callgrind")).total
        empty, *counts = pool.map(count, [("empty", b""), *texts.items()])
    return {name: round((total - empty) / text.count(b"\n")) for (name, text), total in zip(texts.items(), counts)}


def read_budget():
    if not BUDGET.exists():
        die("%s does not exist; write it with: tests/bench/budget.py --update" % BUDGET.relative_to(TOP))
    text = BUDGET.read_text(encoding="utf-8")
    measured_with = re.search(r"^# measured with (.*)$", text, re.M)
    rows = dict(line.split() for line in text.splitlines() if line and line[0] != "#")
    return measured_with and measured_with.group(1), {name: int(number) for name, number in rows.items()}


def compare(measured):
    where, budget = read_budget()
    growth = GROWTH if where == versions() else GROWTH_ELSEWHERE
    if growth != GROWTH:
        print("note: the budget was measured with %s, this is %s" % (where, versions()))
    over = [name for name in measured if name not in budget or measured[name] > budget[name] * growth]
    for name, number in measured.items():
        share = 100 * number / budget[name] - 100 if name in budget else float("nan")
        print("%-16s %7d instructions a line, budget %7d, %+5.1f %%%s"
              % (name, number, budget.get(name, 0), share, "  OVER" if name in over else ""))
    if over:
        print("over the budget by more than %d %%: make it cheaper, or say in the commit why it is worth it and renew the "
              "budget with: tests/bench/budget.py --update" % round(100 * growth - 100))
    elif any(number < budget[name] * 0.95 for name, number in measured.items()):
        print("cheaper than the budget; keep it so with: tests/bench/budget.py --update")
    return bool(over)


def main():
    if sys.argv[1:] not in ([], ["--update"]):
        print(__doc__)
        return 0 if sys.argv[1:] in (["--help"], ["-h"]) else 2
    measured = measure()
    if not sys.argv[1:]:
        return compare(measured)
    rows = "".join("%-16s %d\n" % row for row in measured.items())
    BUDGET.write_text(HEAD % versions() + rows, encoding="utf-8")
    print(rows, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
