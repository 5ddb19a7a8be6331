# SPDX-License-Identifier: LGPL-2.1-or-later
"""Requests against Elasticsearch's own API specification, the schema.json of npm's @elastic/request-converter: whether an
endpoint exists, and each member of a body is known there.  Knows the specification's shapes, and no requests."""
import json
import subprocess
import tarfile

from launch import CACHE

PACKAGE = "@elastic/request-converter@9.5.0"


class Schema:
    def __init__(self):
        directory = CACHE / "request-converter"
        path = directory / "package/dist/schema.json"
        if not path.exists():
            directory.mkdir(parents=True, exist_ok=True)
            archive = subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=directory, check=True, capture_output=True,
                                     text=True).stdout.strip()
            with tarfile.open(directory / archive) as tar:
                tar.extractall(directory, filter="data")
        schema = json.loads(path.read_text(encoding="utf-8"))
        self.types = {(each["name"]["namespace"], each["name"]["name"]): each for each in schema["types"]}
        self.endpoints = schema["endpoints"]

    def problems(self, method, path, body):
        """what the specification does not know, as texts"""
        parts = path.strip("/").split("/")
        for endpoint in self.endpoints:
            for url in endpoint["urls"]:
                names = url["path"].strip("/").split("/")
                if method in url["methods"] and len(names) == len(parts) and all(
                        name.startswith("{") or name == part for name, part in zip(names, parts)):
                    request = self.types[endpoint["request"]["namespace"], endpoint["request"]["name"]]
                    return list(self._members(request["body"], body, "body"))
        return ["no endpoint %s %s" % (method, path)]

    def _properties(self, kind):
        for each in kind.get("properties", ()):
            yield each["name"], each
            yield from ((alias, each) for alias in each.get("aliases", ()))
        if kind.get("inherits"):
            parent = kind["inherits"]["type"]
            yield from self._properties(self.types[parent["namespace"], parent["name"]])

    def _members(self, kind, value, where):
        known = dict(self._properties(kind))
        for name, part in value.items():
            if name in known:
                yield from self._value(known[name]["type"], part, where + "." + name)
            elif not kind.get("behaviors"):
                yield "%s.%s is unknown" % (where, name)
        for name, each in known.items():
            if each.get("required") and name == each["name"] and name not in value:
                yield "%s.%s is missing" % (where, name)

    def _value(self, type_, value, where):
        kind = type_["kind"]
        if kind == "array_of" and isinstance(value, list):
            for part in value:
                yield from self._value(type_["value"], part, where)
        elif kind == "dictionary_of" and isinstance(value, dict):
            for name, part in value.items():
                yield from self._value(type_["value"], part, where + "." + name)
        elif kind == "union_of":
            items = [each for each in type_["items"] if self._may_be(each, value)] or type_["items"][:1]
            found = []
            for each in items:
                found.append(list(self._value(each, value, where)))
                if not found[-1]:
                    return
            yield from min(found, key=len)
        elif kind == "literal_value":
            if value != type_["value"]:
                yield "%s: %s is not %s" % (where, value, type_["value"])
        elif kind == "instance_of":
            yield from self._instance(self.types.get((type_["type"]["namespace"], type_["type"]["name"])), type_, value, where)
        elif kind in ("array_of", "dictionary_of"):
            yield "%s has another shape" % where

    def _may_be(self, type_, value):
        """FALSE when a member with a fixed value, as the type of a mapping has it, says otherwise"""
        name = type_.get("type", {})
        kind = self.types.get((name.get("namespace"), name.get("name")), {}) if type_["kind"] == "instance_of" else {}
        if not isinstance(value, dict) or kind.get("kind") != "interface":
            return True
        fixed = {each["name"]: each["type"]["value"] for _, each in self._properties(kind) if each["type"]["kind"] == "literal_value"}
        return "type" not in fixed or value.get("type", "object") == fixed["type"]

    def _instance(self, kind, type_, value, where):
        name = type_["type"]["name"]
        if type_["type"]["namespace"] == "_builtins":
            fits = {"string": str, "boolean": bool, "number": (int, float)}.get(name, object)
            if not isinstance(value, fits) and not (name == "boolean" and value in ("true", "false")):
                yield "%s is no %s" % (where, name)
        elif kind is None or kind["kind"] == "enum":
            if kind and value not in {each["name"] for each in kind["members"]} | {"true", "false", True, False}:
                yield "%s: %s is none of %s" % (where, value, name)
        elif kind["kind"] == "type_alias":
            yield from self._value(kind["type"], value, where)
        elif not isinstance(value, dict):
            if not kind.get("shortcutProperty"):
                yield "%s has another shape" % where
        else:
            yield from self._members(kind, value, where)
