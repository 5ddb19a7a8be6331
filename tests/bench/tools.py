# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the measurements share: the Release build, callgrind."""
import os
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MAILTRACE_BENCH_DIR", TOP / "build-bench"))
# libc has a memcpy() for each generation of CPU; without these features it takes the one that all have
PLAIN_CPU = "glibc.cpu.hwcaps=" + ",".join("-" + feature for feature in (
    "AVX512F", "AVX512VL", "AVX512BW", "AVX2", "AVX", "BMI1", "BMI2", "LZCNT", "MOVBE", "ERMS", "FSRM", "RTM", "SSE4_2",
    "SSE4_1", "SSSE3", "AVX_Fast_Unaligned_Load", "Fast_Unaligned_Copy", "Fast_Unaligned_Load"))


def die(text):
    print("tests/bench: " + text, file=sys.stderr)
    sys.exit(2)


def run(command, **options):
    """its output; a command that fails ends the program with what it said"""
    result = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            check=False, **options)
    if result.returncode:
        die("%s failed with %d:\n%s" % (" ".join(str(word) for word in command), result.returncode, result.stdout[-4000:]))
    return result.stdout


def _build(name, *options, targets=()):
    directory = BUILD / name
    run(["cmake", "-S", TOP, "-B", directory, "-G", "Ninja", "-DCMAKE_C_COMPILER=gcc", *options])
    run(["cmake", "--build", directory, *(("--target", *targets) if targets else ())])
    return directory


def build_release():
    """the command alone"""
    return _build("command", "-DCMAKE_BUILD_TYPE=Release", "-DMAILTRACE_TESTS=OFF", "-DMAILTRACE_MODULE=OFF")


def build_whole():
    return _build("whole", "-DCMAKE_BUILD_TYPE=Release", targets=("mailtrace", "mailtrace-module", "set-values", "bench-memory",
                                                                  "bench-growth", "bench-documents"))


def build_stages():
    """Release, but linked as it was compiled: functions keep their names and places"""
    return _build("stages", "-DCMAKE_BUILD_TYPE=Stages", "-DCMAKE_C_FLAGS_STAGES=-O3 -DNDEBUG", "-DMAILTRACE_TESTS=OFF",
                  "-DMAILTRACE_MODULE=OFF")


class Profile:
    """instructions of a run under callgrind, by function, those of its callees included"""

    def __init__(self, path):
        text = subprocess.run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", path], capture_output=True,
                              text=True, check=True).stdout
        self.total = int(re.search(r"([\d,]+) \(100\.0%\)  PROGRAM TOTALS", text).group(1).replace(",", ""))
        self.functions = {}
        for number, name in re.findall(r"^ *([\d,]+) \([ \d.]+%\) +\S*?:(\S+?)(?:'\d+)? \[", text, re.M):
            name = re.sub(r"(\.(constprop|isra|part|lto_priv)\.\d+)+$", "", name)
            self.functions[name] = max(self.functions.get(name, 0), int(number.replace(",", "")))


def callgrind_wrapper(output, *options):
    return ["env", "LD_BIND_NOW=1", "GLIBC_TUNABLES=" + PLAIN_CPU, "valgrind", "--tool=callgrind",
            "--callgrind-out-file=%s" % output, *options]


def callgrind_total(output):
    return int(re.search(r"^(?:totals|summary): (\d+)", pathlib.Path(output).read_text(encoding="utf-8"), re.M).group(1))


def callgrind(command, output):
    """of main() and all it calls"""
    run([*callgrind_wrapper(output, "--toggle-collect=main"), *command])
    return Profile(output)
