#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may include whom.  Public headers and the files of the core stand in one order, and include only what stands
before them; the glue and the command include public headers and their own; only the glue knows syslog-ng."""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
PUBLIC = ["slice", "stamp", "queue_id", "field", "tls_policy", "frame", "journal", "line", "record", "facts", "privacy", "summary", "document", "tracker"]
# private headers of the core, and the highest public header each may know
PRIVATE = {"tls-suite": "slice", "scan": "line", "scan-letters": "line", "line-shape": "line", "line-steps": "line",
           "blocks": "slice", "u64-map": "slice", "words": "slice", "lower": "slice", "alnum": "slice", "refusal-words": "slice", "keyed-hash": "slice", "pointer-map": "slice", "pool": "slice", "known-texts": "slice", "address": "slice", "frame-stamp": "frame", "pieces": "frame",
           "journal-block": "journal", "record-nested": "record", "record-packed": "record", "record-line": "record", "facts-make": "facts", "ecs-derived": "facts",
           "json-copy": "slice", "json-text": "stamp", "document-plan": "document", "message": "tracker", "host": "tracker",
           "message-parts": "tracker", "tracker-internal": "tracker"}
PRIVATE_ORDER = ["alnum", "refusal-words", "pool", "blocks", "u64-map", "words", "lower", "keyed-hash", "pointer-map", "known-texts", "record-nested", "record-packed", "record-line", "address", "frame-stamp", "pieces", "journal-block", "tls-suite",
                 "scan", "scan-letters", "line-shape", "line-steps", "json-copy", "json-text", "facts-make", "ecs-derived",
                 "document-plan", "message", "host", "message-parts", "tracker-internal"]
# the highest private header a layer's source may know; others of the core: any
SOURCES = {"slice": None, "stamp": None, "queue_id": "alnum", "field": None, "frame": "frame-stamp", "record": "record-line",
           "words": "words", "tls_policy": "tls-suite", "tls-suite": "tls-suite", "scan": "scan-letters",
           "line": "line-shape", "dialect": "line-steps", "journal": "journal-block", "json": "json-text",
           "facts": "facts-make", "privacy": "facts-make", "document": "document-plan"}
# rows that one file of the core turns into a table
DATA = {"refusal-words.def", "refusal-words.inc", "tls-suites.def", "words.def", "tls-policies.inc", "line-dispatch.inc", "word-table.inc", "suite-table.inc"}
SYSTEM = {"emmintrin.h", "xxhash.h", "glib.h", "string.h", "arpa/inet.h", "libpsl.h", "stdlib.h", "stdint.h"}
# for the journal's sources only
FILES = {"errno.h", "fcntl.h", "stdio.h", "sys/file.h", "sys/mman.h", "sys/stat.h", "unistd.h"}
INCLUDE = re.compile(r'^ *# *include *(["<])([^">]+)[">]', re.M)


def includes(path):
    return INCLUDE.findall(path.read_text(encoding="utf-8"))


def public_name(name):
    return re.fullmatch(r"mailtrace/([\w-]+)\.(?:h|def)", name)


def check_public(bad):
    for header in sorted((TOP / "include/mailtrace").glob("*.h")):
        if header.stem not in PUBLIC:
            bad.append("%s: not in the order of layers" % header.name)
            continue
        for kind, name in includes(header):
            match = public_name(name)
            if kind == "<" and name not in SYSTEM:
                bad.append("%s includes <%s>" % (header.name, name))
            elif kind == '"' and (not match or match.group(1) != "fields"
                                  and PUBLIC.index(match.group(1)) >= PUBLIC.index(header.stem)):
                bad.append("%s includes %s, which is not below it" % (header.name, name))


def ceilings(path):
    """the highest public and private header that a file of the core may include"""
    if path.suffix == ".h":
        own = PRIVATE_ORDER.index(path.stem) - 1
        return PUBLIC.index(PRIVATE[path.stem]), own
    layer = path.stem if path.stem in PUBLIC or path.stem in SOURCES else path.stem.split("-")[0]
    highest = {"scan": "line", "dialect": "line"}.get(layer, layer)
    public = PUBLIC.index(highest) if highest in PUBLIC else len(PUBLIC) - 1
    if layer not in SOURCES:
        return public, len(PRIVATE_ORDER) - 1
    return public, PRIVATE_ORDER.index(SOURCES[layer]) if SOURCES[layer] else -1


def check_core(bad):
    for path in sorted((TOP / "modules/mailtrace-core").glob("*.[ch]")):
        if path.suffix == ".h" and path.stem not in PRIVATE:
            bad.append("%s: not in the order of private headers" % path.name)
            continue
        public, private = ceilings(path)
        for kind, name in includes(path):
            match = public_name(name)
            if name in DATA:
                continue
            if kind == "<":
                wrong = name not in SYSTEM and not (path.name.startswith("journal") and name in FILES)
            elif match:
                wrong = match.group(1) != "fields" and PUBLIC.index(match.group(1)) > public
            else:
                wrong = name[:-2] not in PRIVATE_ORDER or PRIVATE_ORDER.index(name[:-2]) > private
            if wrong:
                bad.append("%s includes %s, which is not below it" % (path.name, name))


def check_users(bad):
    for folder in ("mailtrace", "mailtrace-cli"):
        own = {path.name for path in (TOP / "modules" / folder).glob("*.h")} | {"mailtrace-grammar.h"}
        for path in sorted((TOP / "modules" / folder).glob("*.[ch]")):
            for kind, name in includes(path):
                foreign = kind == '"' and not public_name(name) and name not in own
                if foreign and (folder == "mailtrace-cli" or name[:-2] in PRIVATE_ORDER):
                    bad.append("%s/%s includes %s, which is not public" % (folder, path.name, name))


def main():
    bad = []
    check_public(bad)
    check_core(bad)
    check_users(bad)
    print("\n".join(bad))
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
