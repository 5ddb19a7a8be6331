/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Draws what stands in the data block. Texts of the log become text nodes, never markup. */
"use strict";
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const PAGE = 50;
  const TONES = {
    acceptable: "#2f8f5b", weak: "#e0a030", none: "#c0392b", unknown: "#7d8794", "no TLS": "#c0392b",
    "pass, aligned": "#2f8f5b", "pass, other domain": "#9bc9a4", fail: "#c0392b", invalid: "#e0a030",
    delivered: "#2f8f5b", partial: "#9bc9a4", deferred: "#e0a030", failed: "#c0392b", quarantined: "#7b4fa3",
    rejected: "#d2691e", discarded: "#5d6d7e", "not-spam": "#2f8f5b", probable: "#e0a030", confirmed: "#c0392b",
    "no verdict": "#7d8794", receive: "#3b78b0", queue: "#e0a030", scan: "#7b4fa3", deliver: "#2f8f5b", count: "#3b78b0"
  };
  const OTHER_TONES = ["#1c4e80", "#3b78b0", "#7fb0d8", "#e0a030", "#8a6d3b", "#7b4fa3", "#2f8f5b", "#b8577c", "#5d6d7e"];
  const lists = {}, pictures = [];

  function element(tag, properties, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(properties || {})) {
      if (name in made && name !== "role") made[name] = value; else made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  }

  /* --- pictures */

  function tone(name, index) {
    if (TONES[name]) return TONES[name];
    if (/^TLS.?v?1\.3/i.test(name)) return "#1c4e80";
    if (/^TLS.?v?1\.2/i.test(name)) return "#6fa3cf";
    if (/^TLS.?v?1(\.[01])?$/i.test(name)) return /1\.1/.test(name) ? "#e0a030" : "#c47a12";
    return OTHER_TONES[index % OTHER_TONES.length];
  }

  function seriesOf(spec) {
    return spec.series.map((one, index) => ({
      name: one.name.replace(/^reason /, ""), type: "bar", stack: "all", data: one.data, barMaxWidth: 34,
      itemStyle: { color: tone(one.name, index) }, emphasis: { focus: "series" }
    }));
  }

  /* drawn as text: nothing in this page may become markup, its policy refuses that even to the library */
  function tip(parameters) {
    const lines = [String(parameters[0].axisValueLabel).replace(/(.{60})/g, "$1\n")];
    for (const one of parameters) if (one.value) lines.push(one.seriesName + ": " + one.value);
    return lines.join("\n");
  }

  function optionOf(spec, kind, room) {
    const across = kind === "bars", single = spec.series.length === 1 && spec.series[0].name === "count";
    const names = { type: "category", data: spec.categories, inverse: across, axisTick: { show: false },
                    axisLabel: across ? { width: room, overflow: "truncate", color: "#333" } : { color: "#333", hideOverlap: true } };
    const amounts = { type: "value", minInterval: 1, axisLabel: { color: "#333" }, splitLine: { lineStyle: { color: "#e3e7ec" } } };
    return {
      animation: false, textStyle: { fontFamily: "system-ui, sans-serif" },
      aria: { enabled: true, decal: { show: spec.series.length > 1 } },
      tooltip: { trigger: "axis", axisPointer: { type: "shadow" }, confine: true, renderMode: "richText", formatter: tip },
      legend: { show: !single, top: 0, type: "scroll", itemHeight: 10, itemWidth: 16 },
      grid: { left: across ? 10 : 4, right: 16, top: single ? 8 : 34, bottom: 4, containLabel: true },
      xAxis: across ? amounts : names, yAxis: across ? names : amounts, series: seriesOf(spec)
    };
  }

  function describe(box, spec) {
    const sums = spec.series.map((one) => one.name.replace(/^reason /, "") + " " + one.data.reduce((sum, value) => sum + (value || 0), 0));
    const caption = document.getElementById(box.getAttribute("aria-labelledby")).textContent;
    box.removeAttribute("aria-labelledby");
    box.setAttribute("aria-label", caption + ". " + sums.slice(0, 12).join(", ") +
                     ". From " + spec.categories[0] + " to " + spec.categories[spec.categories.length - 1] + ".");
  }

  function draw(box) {
    const spec = data.charts[box.dataset.chart], kind = box.dataset.kind;
    if (!spec.categories.length || !spec.series.length) {
      box.className = "chart empty";
      box.removeAttribute("role");
      box.textContent = "Nothing of that kind in this period.";
      return;
    }
    if (kind === "bars") box.style.height = Math.max(110, 56 + 24 * spec.categories.length) + "px";
    const picture = echarts.init(box, null, { renderer: "svg" });
    picture.setOption(optionOf(spec, kind, box.clientWidth > 800 ? 430 : 230));
    describe(box, spec);
    if (box.dataset.drill) {
      picture.getZr().on("click", (event) => {
        const place = picture.convertFromPixel({ seriesIndex: 0 }, [event.offsetX, event.offsetY]);
        const key = spec.keys[Math.round(place[1])];
        if (key) drill(box.dataset.drill, key);
      });
    }
    pictures.push(picture);
  }

  /* --- tables */

  function compare(kind, index, down) {
    return (one, other) => {
      const left = one[index], right = other[index];
      const missing = (left === null || left === "") - (right === null || right === "");
      if (missing) return missing;
      const order = kind === "number" ? left - right : String(left) < String(right) ? -1 : String(left) > String(right) ? 1 : 0;
      return down ? -order : order;
    };
  }

  /* a spreadsheet takes a text that begins so for a formula */
  function csvCell(value) {
    let text = value === null ? "" : String(value);
    if (typeof value === "string" && /^ *[=+\-@\t\r]/.test(text)) text = "'" + text;
    return '"' + text.replaceAll('"', '""') + '"';
  }

  function save(name, text) {
    const link = element("a", { href: URL.createObjectURL(new Blob(["\ufeff" + text], { type: "text/csv;charset=utf-8" })), download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  class List {
    constructor(box) {
      this.name = box.dataset.table;
      this.drill = box.dataset.drill;
      this.box = box;
      Object.assign(this, data.tables[this.name]);
      this.exact = new Map();
      this.words = [];
      this.shown = PAGE;
      this.sorted = null;
      this.build();
      this.show();
      if (!this.total) box.replaceChildren("None in this period.");
    }

    build() {
      const label = this.box.parentElement.querySelector("summary").textContent;
      this.search = element("input", { type: "search", placeholder: "filter", "aria-label": "Filter: " + label });
      this.search.addEventListener("input", () => { this.words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean); this.restart(); });
      this.choices = this.columns.map((column, index) => column.kind === "choice" ? this.choice(column, index) : null);
      this.chips = element("span", {});
      this.count = element("span", { className: "count", role: "status" });
      const csv = element("button", { type: "button", className: "csv" }, "CSV");
      csv.setAttribute("aria-label", "Save as CSV: " + label);
      csv.addEventListener("click", () => save("mailtrace-" + this.name.replace("_", "-") + ".csv", this.csv()));
      this.body = element("tbody", {});
      this.heads = this.columns.map((column, index) => this.head(column, index));
      this.more = element("button", { type: "button", className: "more" });
      this.more.addEventListener("click", () => { this.shown += 10 * PAGE; this.show(); });
      const rows = element("div", { className: "rows", tabIndex: 0, role: "region", "aria-label": label },
                           element("table", {}, element("thead", {}, element("tr", {}, ...this.heads)), this.body));
      this.box.append(element("div", { className: "tools" }, this.search, ...this.choices.filter(Boolean), this.chips, csv, this.count), rows, this.more);
      if (this.total > this.rows.length) {
        this.box.prepend(element("p", { className: "note" }, "This page holds " + this.rows.length.toLocaleString("en") + " of " +
                         this.total.toLocaleString("en") + " rows; filters and CSV see those. Counts elsewhere are of all."));
      }
    }

    choice(column, index) {
      const values = [...new Set(this.rows.map((row) => row[index]))].filter((value) => value !== "" && value !== null).sort();
      if (values.length < 2 || values.length > 60) return null;
      const select = element("select", { "aria-label": column.name }, element("option", { value: "" }, column.name + ": all"),
                             ...values.map((value) => element("option", { value: value }, String(value))));
      select.addEventListener("change", () => {
        if (select.value) this.exact.set(index, select.value); else this.exact.delete(index);
        this.restart();
      });
      return select;
    }

    head(column, index) {
      const button = element("button", { type: "button" }, column.name);
      button.addEventListener("click", () => this.sort(index));
      return element("th", { scope: "col", "aria-sort": "none", "data-name": column.name, className: column.kind }, button);
    }

    sort(index) {
      const down = this.sorted === index ? !this.down : this.columns[index].kind === "number";
      this.sorted = index;
      this.down = down;
      this.rows.sort(compare(this.columns[index].kind, index, down));
      this.heads.forEach((head, place) => head.setAttribute("aria-sort", place !== index ? "none" : down ? "descending" : "ascending"));
      this.heads.forEach((head, place) => { head.firstChild.textContent = this.columns[place].name + (place !== index ? "" : down ? " ▼" : " ▲"); });
      this.restart();
    }

    matches(row) {
      for (const [index, value] of this.exact) if (String(row[index]) !== value) return false;
      if (!this.words.length) return true;
      const text = row.join("\u0001").toLowerCase();
      return this.words.every((word) => text.includes(word));
    }

    chosen() { return this.rows.filter((row) => this.matches(row)); }

    csv() {
      return [this.columns.map((column) => column.name), ...this.chosen()].map((row) => row.map(csvCell).join(",")).join("\r\n") + "\r\n";
    }

    restart() { this.shown = PAGE; this.show(); }

    cell(column, value, index, row) {
      const text = value === null ? "" : String(value);
      const made = element("td", {});
      if (column.kind === "number") made.className = "number";
      else if (/^(time|received|last attempt|document|queue ids)$/.test(column.name)) made.className = "tight";
      else if (/^(reply|last reply|text|subject|reasons)$/.test(column.name)) made.className = "wide";
      else if (column.kind === "text") made.className = "middle";
      if (column.name === "verdict" || column.name === "result") made.className = "verdict-" + text.replace(/[^a-z]/g, "");
      if (index === 0 && this.drill) {
        const button = element("button", { type: "button" }, text);
        button.addEventListener("click", () => drill(this.drill, row));
        made.append(button);
      } else made.append(element("bdi", {}, text));
      return made;
    }

    show() {
      const chosen = this.chosen();
      this.body.replaceChildren(...chosen.slice(0, this.shown).map((row) =>
        element("tr", {}, ...this.columns.map((column, index) => this.cell(column, row[index], index, row)))));
      this.count.textContent = chosen.length.toLocaleString("en") + (chosen.length === this.rows.length ? "" : " of " + this.rows.length.toLocaleString("en")) + " rows";
      this.more.hidden = chosen.length <= this.shown;
      this.more.textContent = "Show more (" + (chosen.length - this.shown) + " left)";
    }

    /* key: partner, leg */
    only(key) {
      const names = ["partner", "leg"];
      this.exact.clear();
      this.choices.forEach((select) => { if (select) select.value = ""; });
      this.search.value = "";
      this.words = [];
      names.forEach((name, place) => this.exact.set(this.columns.findIndex((column) => column.name === name), String(key[place])));
      const chip = element("button", { type: "button", className: "chip" }, key[0] + " (" + key[1] + ") ✕");
      chip.addEventListener("click", () => { this.exact.clear(); this.chips.replaceChildren(); this.restart(); });
      this.chips.replaceChildren(chip);
      this.restart();
      this.box.parentElement.open = true;
      this.box.scrollIntoView({ block: "center" });
      chip.focus({ preventScroll: true });
    }
  }

  function drill(name, key) { lists[name].only(key); }

  document.querySelectorAll("[data-table]").forEach((box) => { lists[box.dataset.table] = new List(box); });
  document.querySelectorAll("[data-chart]").forEach(draw);
  window.addEventListener("resize", () => pictures.forEach((picture) => picture.resize()));
  /* what is filed lists every exception, not the first page of them */
  window.addEventListener("beforeprint", () => {
    Object.values(lists).forEach((list) => { list.shown = list.name === "exceptions" ? Infinity : PAGE; list.show(); });
    pictures.forEach((picture) => picture.resize({ width: picture.getDom().closest(".whole") ? 940 : 460 }));
  });
  window.addEventListener("afterprint", () => {
    Object.values(lists).forEach((list) => list.restart());
    pictures.forEach((picture) => picture.resize({ width: "auto" }));
  });
  document.documentElement.dataset.ready = "yes";
})();
