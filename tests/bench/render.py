# SPDX-License-Identifier: LGPL-2.1-or-later
"""Results as a Markdown table, ratios first, and as plots that gnuplot draws."""
import statistics
import subprocess

from pipelines import PIPELINES
from tools import die

WAYS = {"file": "a file", "1": "1 connection", "2": "2 connections", "4": "4 connections"}


def median(values):
    return statistics.median(values)


def spread(values, form="%.2f"):
    if len(values) == 1:
        return form % values[0]
    return "%s (%s to %s)" % tuple(form % value for value in (median(values), min(values), max(values)))


def paired(over, under):
    """ratios of runs that were measured in turn, so that what slows one slows the other"""
    return [a / b for a, b in zip(over, under)]


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


class Ratio:
    def __init__(self, what, values, target, form="%.2f times", at_least=False):
        self.row = [what, spread(values, form.split()[0]) + form[len(form.split()[0]):], target[0],
                    "yes" if (median(values) >= target[1] if at_least else median(values) <= target[1]) else "no"]


def command_ratios(results):
    rows = results["command"]["rows"]
    cpu = {name: [run["cpu"] for run in runs] for name, runs in rows.items()}
    return [Ratio("the command against exigrep, lines a second of one core", paired(cpu["exigrep"], cpu["mailtrace"]),
                  ("at least 5", 5), "%.1f times", True).row,
            Ratio("the same, exigrep printing every message, as the command does", paired(cpu["exigrep, every message"], cpu["mailtrace"]),
                  ("none", 0), "%.1f times", True).row,
            Ratio("the command against eximstats", paired(cpu["eximstats"], cpu["mailtrace"]), ("none", 0), "%.1f times", True).row]


def stage_ratios(results):
    return [Ratio("instructions a line of the command, %s, documents written" % name, [stages["total"]], ("at most 2000", 2000),
                  "%.0f").row for name, stages in results["stages"].items()]


def growth_ratios(results):
    growth = results["growth"]
    sizes = sorted(growth, key=int)
    return [Ratio("a line with %s open messages against %s" % (thousands(sizes[-1]), thousands(sizes[0])),
                  paired(growth[sizes[-1]], growth[sizes[0]]), ("at most 1.5", 1.5)).row]


def module_ratios(results):
    rows = results["module"]["rows"]

    def cpu(name, way="1"):
        return [run["cpu"] for run in rows[name][way]]

    def rate(name, way):
        return [run["rate"] for run in rows[name][way]]
    return [
        Ratio("lines(drop), documents to a file, CPU against no parser and no destination", paired(cpu("drop"), cpu("none")),
              ("at most 2.0", 2.0)).row,
        Ratio("the same as it ships, flags(no-parse) on both", paired(cpu("drop-raw"), cpu("none-raw")), ("at most 2.0", 2.0)).row,
        Ratio("db-parser, grouping-by, JSON against lines(drop), CPU", paired(cpu("grouping"), cpu("drop")), ("at least 4", 4),
              at_least=True).row,
        Ratio("db-parser, grouping-by, JSON against mailtrace as it ships, CPU", paired(cpu("grouping"), cpu("drop-raw")),
              ("at least 4", 4), at_least=True).row,
        Ratio("documents nothing but stored, flags(no-parse) on both, CPU", paired(cpu("store-raw"), cpu("none-raw")),
              ("at most 2.0", 2.0)).row,
        Ratio("db-parser, grouping-by, JSON against documents nothing but stored, CPU", paired(cpu("grouping"), cpu("store-raw")),
              ("at least 4", 4), at_least=True).row,
        Ratio("lines(pass), all fields set, against as many values set by handle, CPU", paired(cpu("pass"), cpu("values")),
              ("at most 1.3", 1.3)).row,
        Ratio("journal on against off, lines(drop), CPU", paired(cpu("drop-journal"), cpu("drop")), ("at most 1.1", 1.1)).row,
        Ratio("two connections of two hosts against one, lines(drop), throughput", paired(rate("drop", "2"), rate("drop", "1")),
              ("at least 1.6", 1.6), at_least=True).row,
        Ratio("the same without a parser, throughput", paired(rate("none", "2"), rate("none", "1")), ("none", 0), at_least=True).row,
    ]


def instruction_ratios(results):
    rows = results["instructions"]["rows"]
    return [
        Ratio("lines(drop) against no parser and no destination, instructions", [rows["drop"] / rows["none"]], ("at most 2.0", 2.0)).row,
        Ratio("db-parser, grouping-by, JSON against lines(drop), instructions", [rows["grouping"] / rows["drop"]], ("at least 4", 4),
              at_least=True).row,
        Ratio("db-parser, grouping-by, JSON against mailtrace as it ships, instructions", [rows["grouping"] / rows["drop-raw"]],
              ("at least 4", 4), at_least=True).row,
        Ratio("db-parser, grouping-by, JSON against documents nothing but stored, instructions",
              [rows["grouping"] / rows["store-raw"]], ("at least 4", 4), at_least=True).row,
        Ratio("lines(pass) against as many values set by handle, instructions", [rows["pass"] / rows["values"]],
              ("at most 1.3", 1.3)).row,
        Ratio("journal on against off, instructions", [rows["drop-journal"] / rows["drop"]], ("at most 1.1", 1.1)).row,
    ]


RATIOS = {"command": command_ratios, "stages": stage_ratios, "growth": growth_ratios, "module": module_ratios,
          "instructions": instruction_ratios}


def thousands(number):
    return "{:,}".format(int(number))


def command_table(results):
    rows = results["command"]["rows"]
    return table(["over a plain Exim main log of %s lines" % thousands(results["command"]["lines"]), "CPU µs a line", "seconds"],
                 [[name, spread([run["cpu"] for run in runs]),
                   spread([run["wall"] * results["command"]["lines"] / 1e6 for run in runs])] for name, runs in rows.items()])


def stage_table(results):
    names = list(results["stages"])
    stages = list(results["stages"][names[0]]["stages"])
    rows = [[stage] + [thousands(results["stages"][name]["stages"][stage]) for name in names] for stage in stages]
    rows.append(["all"] + [thousands(results["stages"][name]["total"]) for name in names])
    return table(["instructions a line of the command", *names], rows)


def growth_table(results):
    rows = [["CPU ns a line with %s open messages" % thousands(size), spread(values, "%.0f")]
            for size, values in results["growth"].items()]
    rows += [["%s documents a second" % name, spread(values, "%.0f")] for name, values in results["documents"].items()]
    rows.append(["bytes of an open message of a UTM", "%.0f" % results["memory"]])
    return table(["core", "median (least to greatest)"], rows)


def module_table(results):
    rows = results["module"]["rows"]
    text = table(["syslog-ng, CPU µs a line", *WAYS.values()],
                 [[PIPELINES[name][0]] + [spread([run["cpu"] for run in ways[way]]) for way in WAYS] for name, ways in rows.items()])
    return text + "\n" + table(["thousand lines a second", *WAYS.values()], [
        [PIPELINES[name][0]] + [spread([run["rate"] / 1000 for run in ways[way]], "%.0f") for way in WAYS]
        for name, ways in rows.items()])


def instruction_table(results):
    return table(["syslog-ng, one connection", "instructions a line"],
                 [[PIPELINES[name][0], thousands(number)] for name, number in results["instructions"]["rows"].items()])


TABLES = {"command": command_table, "stages": stage_table, "growth": growth_table, "module": module_table,
          "instructions": instruction_table}
PLOT_HEAD = """set terminal svg size 900,%d font "sans,13" background rgb "white"
set output "%s"
set title "%s"
set grid
"""


def plot(path, title, height, commands, data):
    script = PLOT_HEAD % (height, path, title) + commands.replace("DATA", "'-'") + "\n" + data + "e\n"
    if subprocess.run(["gnuplot"], input=script, text=True, check=False).returncode:
        die("gnuplot failed over %s" % path)


BARS = """set style fill solid 0.7
set yrange [-0.6:%d-0.4] reverse
set xrange [0:*]
set ytics noenhanced
set lmargin 52
unset key
plot DATA using ($2/2):0:($2/2):(0.35):ytic(1) with boxxyerror lc rgb "#4477aa", '' using 2:0:3 with labels left offset 0.5,0
"""


def bars(path, title, rows, form):
    """rows: name, number"""
    lines = "".join('"%s" %g "%s"\n' % (name, number, form % number) for name, number in rows)
    plot(path, title, 90 + 34 * len(rows), BARS % len(rows), lines + "e\n" + lines)


def command_plot(results, output):
    bars(output / "command.svg", "CPU µs a line, plain Exim main log (less is better)",
         [(name, median([run["cpu"] for run in runs])) for name, runs in results["command"]["rows"].items()], "%.2f")


def module_plot(results, output):
    bars(output / "module.svg", "syslog-ng, CPU µs a line, one connection (less is better)",
         [(PIPELINES[name][0], median([run["cpu"] for run in ways["1"]])) for name, ways in results["module"]["rows"].items()], "%.2f")


def instruction_plot(results, output):
    bars(output / "instructions.svg", "syslog-ng, instructions a line, one connection (less is better)",
         [(PIPELINES[name][0], number) for name, number in results["instructions"]["rows"].items()], "%.0f")


def growth_plot(results, output):
    rows = "".join("%s %g %g %g\n" % (size, median(values), min(values), max(values)) for size, values in results["growth"].items())
    plot(output / "growth.svg", "CPU ns a line as open messages grow", 360,
         "set logscale x\nset yrange [0:*]\nset xlabel 'open messages'\nunset key\nset format x '%.0f'\n"
         "plot DATA using 1:2:3:4 with yerrorlines lw 2 pt 7 lc rgb '#4477aa'", rows)


def stage_plot(results, output):
    rows = [("%s: %s" % (name, stage), number) for name, stages in results["stages"].items()
            for stage, number in stages["stages"].items()]
    bars(output / "stages.svg", "instructions a line of the command", rows, "%.0f")


PLOTS = {"command": command_plot, "module": module_plot, "instructions": instruction_plot, "growth": growth_plot,
         "stages": stage_plot}


def render(results, output):
    text = ["<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->\n# What mailtrace costs\n",
            "Made by `tests/bench/run.sh`. Medians, with the least and the greatest of all runs; seconds depend on the machine, "
            "ratios hardly.\n",
            table(["ratio", "measured", "wanted", "reached"],
                  [row for part, make in RATIOS.items() if part in results for row in make(results)])]
    text += [make(results) for part, make in TABLES.items() if part in results]
    if "module" in results:
        text.append("As many values: %d of %d bytes on each line, as many as mailtrace sets on lines and documents together; a "
                    "parser that does nothing else sets them, see `set-values/`.\n" % tuple(results["module"]["values"]))
    text.append(table(["condition", ""], [list(pair) for pair in results["conditions"].items()]))
    (output / "results.md").write_text("\n".join(text), encoding="utf-8")
    for part, draw in PLOTS.items():
        if part in results:
            draw(results, output)
