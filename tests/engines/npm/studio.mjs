/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Holds a definition of Splunk's Dashboard Studio, JSON on standard input, against Splunk's own schema. */
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(process.argv[2] + "/node_modules/@splunk/dashboard-definition/index.js");
const { defaultSchema, DashboardDefinition } = require("@splunk/dashboard-definition");
const Ajv = require("ajv");
const check = new (Ajv.default || Ajv)({ allErrors: true, strict: false }).compile(defaultSchema);
const definition = JSON.parse(readFileSync(0));
const good = check(definition);
console.log(JSON.stringify({ good, errors: check.errors || [] }));
