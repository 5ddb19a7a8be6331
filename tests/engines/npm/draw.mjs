/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Draws Vega specifications, one JSON text a line, and tells of each the number of items of every named mark, and how many
 * of them have an area.  The functions that only dashboards know do nothing. */
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const vega = await import(createRequire(process.argv[2] + "/").resolve("vega"));
for (const name of ["kibanaAddFilter", "opensearchDashboardsAddFilter"]) vega.expressionFunction(name, () => null);

function count(item, found) {
  if (item.marktype && item.name) {
    const areas = item.items.filter((one) => one.width > 0 && one.height > 0 && one.fill && one.fill !== "none");
    found[item.name] = [item.items.length, areas.length];
  }
  for (const child of item.items || []) count(child, found);
  return found;
}

for await (const line of createInterface({ input: process.stdin })) {
  const warnings = [];
  const logger = { level: () => logger, error: (...text) => { warnings.push(text.join(" ")); return logger; },
                   warn: (...text) => { warnings.push(text.join(" ")); return logger; }, info: () => logger, debug: () => logger };
  const view = new vega.View(vega.parse({ ...JSON.parse(line), width: 600, height: 300 }), { renderer: "none", logger });
  const svg = await view.toSVG();
  console.log(JSON.stringify({ marks: count(view.scenegraph().root, {}), warnings, svg }));
  view.finalize();
}
