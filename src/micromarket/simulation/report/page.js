"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const hidden = {};   // figure id -> Set of legend groups the reader switched off
  const chosen = {};   // control id -> option
  root.dataset.errors = "0";
  addEventListener("error", () => { root.dataset.errors = String(Number(root.dataset.errors) + 1); });
  addEventListener("securitypolicyviolation", () => { root.dataset.errors = String(Number(root.dataset.errors) + 1); });

  // Colors are roles ("$market/0.2"); their values live in the style sheet, one set for light and one for dark.
  const role = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
  const color = (text) => {
    const [name, opacity] = text.slice(1).split("/");
    const hex = role(name) || role("kind-other");
    if (!opacity) return hex;
    const full = hex.length === 4 ? hex.replace(/[0-9a-f]/gi, "$&$&") : hex;
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(full.slice(at, at + 2), 16));
    return `rgba(${red},${green},${blue},${opacity})`;
  };
  const bytes = (array) => Array.from(atob(array.bdata), (letter) => letter.charCodeAt(0));
  const resolve = (value) => {
    if (typeof value === "string") return value[0] === "$" ? color(value) : value[0] === "@" ? data.shared[value.slice(1)] : value;
    if (Array.isArray(value)) return value.length > 32 && typeof value[0] === "number" ? value : value.map(resolve);
    if (value === null || typeof value !== "object") return value;
    if (value.bdata !== undefined) return bytes(value);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolve(item)]));
  };
  const merge = (base, extra) => {
    const result = { ...base };
    for (const [key, value] of Object.entries(extra)) {
      const nested = value && typeof value === "object" && !Array.isArray(value) && result[key] && !Array.isArray(result[key]);
      result[key] = nested ? merge(result[key], value) : value;
    }
    return result;
  };

  const layout = (figure, width) => {
    const axis = {
      gridcolor: color("$grid"), linecolor: color("$faint"), zerolinecolor: color("$muted"), zerolinewidth: 1,
      tickfont: { color: color("$muted"), size: 12 }, automargin: true, tickcolor: color("$faint"), hoverformat: ".4~g",
      title: { font: { color: color("$muted"), size: 12 }, standoff: 10 }, showgrid: true,
    };
    const stops = [
      { dtickrange: [null, 43200000], value: "%H:%M\n%a %-d %b" }, { dtickrange: [43200000, 604800000], value: "%a %-d %b" },
      { dtickrange: [604800000, "M1"], value: "%-d %b" }, { dtickrange: ["M1", null], value: "%b %Y" },
    ];
    const time = { type: "date", tickformatstops: stops, hoverformat: "%a %-d %B, %H:%M", showgrid: false, nticks: Math.max(3, Math.floor(width / 75)) };
    const base = {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false, width,
      font: { family: getComputedStyle(document.body).fontFamily, color: color("$ink"), size: 13 },
      margin: { l: 8, r: 12, t: 10, b: 8 }, hovermode: "x unified", dragmode: width < 640 ? false : "zoom",
      hoverlabel: { bgcolor: color("$surface"), bordercolor: color("$faint"), font: { color: color("$ink"), size: 12 } },
      xaxis: merge(merge(axis, { showgrid: false }), (figure.layout.xaxis || {}).type ? {} : time), yaxis: merge(axis, { tickformat: "~g", hoverformat: ".4~g" }),
    };
    return merge(base, resolve(figure.layout));
  };

  const view = (figure) => figure.views.length ? figure.views[chosen[figure.control]] : { patches: [], layout: {}, text: "" };
  const group = (trace) => trace.legendgroup || trace.name;
  const traces = (id, figure) => figure.traces.map((trace, place) => {
    const drawn = resolve({ ...trace, ...(view(figure).patches[place] || {}) });
    if (hidden[id].has(group(trace))) drawn.visible = false;
    return drawn;
  });

  const draw = (id) => {
    const figure = data.figures[id], place = document.getElementById(id), chart = place.querySelector(".chart");
    const drawn = traces(id, figure);
    const drawing = layout({ layout: merge(figure.layout, view(figure).layout) }, chart.clientWidth);
    const bar = drawn.find((trace) => trace.colorbar);
    if (bar) bar.colorbar.tickfont = { color: color("$muted"), size: 12 };
    legend(id, figure, drawn);
    const said = place.querySelector(".said");
    if (said) said.textContent = view(figure).text;
    return Plotly.react(chart, drawn, drawing, { displayModeBar: false, scrollZoom: false });
  };

  const swatch = (trace) => {
    const line = trace.line || {}, marker = trace.marker || {};
    const dash = { dash: "5 3", dot: "2 3", longdash: "8 3" }[line.dash] || "none";
    if (trace.type === "scatter" && trace.mode === "markers") {
      return `<circle cx="9" cy="6" r="4" fill="${marker.color}" stroke="${marker.line.color}" stroke-width="2"/>`;
    }
    if (trace.type === "bar") return `<rect width="12" height="12" x="3" rx="2" fill="${marker.color}"/>`;
    if (trace.fill !== undefined && !line.width || trace.stackgroup) return `<rect width="18" height="10" y="1" rx="2" fill="${trace.fillcolor}"/>`;
    return `<path d="M0 6H18" stroke="${line.color}" stroke-width="2.4" stroke-dasharray="${dash}"/>`;
  };
  const legend = (id, figure, drawn) => {
    const place = document.getElementById(id).querySelector(".legend");
    const focus = place.contains(document.activeElement) ? document.activeElement.dataset.group : null;
    const named = drawn.filter((trace, index) => trace.name && trace.showlegend !== false && (figure.views.length === 0 || trace.visible !== false || hidden[id].has(group(figure.traces[index]))));
    if (named.length < 2 && !named.some((trace) => trace.stackgroup)) { place.replaceChildren(); return; }
    place.replaceChildren(...named.map((trace) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.group = group(trace);
      button.setAttribute("aria-pressed", String(!hidden[id].has(group(trace))));
      button.innerHTML = `<svg width="18" height="12" aria-hidden="true">${swatch(trace)}</svg>`;
      button.append(trace.name);
      button.addEventListener("click", () => {
        const name = group(trace);
        if (!hidden[id].delete(name)) hidden[id].add(name);
        draw(id);
      });
      return button;
    }));
    if (focus) [...place.children].find((button) => button.dataset.group === focus)?.focus();
  };

  const save = (name, rows) => {
    const cell = (value) => value === null || value === undefined ? "" : /[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value);
    const text = rows.map((row) => row.map(cell).join(",")).join("\n") + "\n";
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = `${data.name}-${name}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  const rowsOf = (trace) => {
    if (trace.type === "heatmap") return trace.z.flatMap((line, y) => line.map((z, x) => [trace.name || "", `${trace.y[y]} ${trace.x[x]}`, z]));
    const count = trace.y.length - (trace.line && trace.line.shape === "hv" ? 1 : 0);
    return Array.from({ length: count }, (_, at) => [trace.name || "", trace.text ? trace.text[at] : trace.x[at], trace.y[at]]);
  };
  const download = (id) => {
    const figure = data.figures[id];
    save(id, [["series", "at", `value [${figure.unit}]`], ...traces(id, figure).filter((trace) => trace.visible !== false).flatMap(rowsOf)]);
  };

  const choose = (id, option) => {
    chosen[id] = option;
    for (const [name, figure] of Object.entries(data.figures)) if (figure.control === id) draw(name);
  };
  const element = (tag, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };
  const builders = {
    select(id, control) {
      const select = element("select", {}, ...control.options.map((option, at) => new Option(option, at, false, at === control.initial)));
      select.addEventListener("change", () => choose(id, Number(select.value)));
      return [element("label", {}, `${control.label} `, select)];
    },
    switch(id, control) {
      const labels = control.options.map((option, at) => {
        const input = element("input", { type: "radio", name: id, checked: at === control.initial });
        input.addEventListener("change", () => choose(id, at));
        return element("label", {}, input, option);
      });
      const box = element("div", { className: "switch" }, ...labels);
      box.setAttribute("role", "radiogroup");
      box.setAttribute("aria-label", control.label);
      return [box];
    },
    slider(id, control) {
      const range = element("input", { type: "range", min: 0, max: control.options.length - 1, value: control.initial });
      const shown = element("output");
      let waiting = 0;
      const show = (option) => {
        const kept = Math.min(Math.max(option, 0), control.options.length - 1);
        range.value = kept;
        shown.textContent = control.options[kept];
        range.setAttribute("aria-valuetext", control.options[kept]);
        cancelAnimationFrame(waiting);
        waiting = requestAnimationFrame(() => choose(id, kept));
      };
      range.setAttribute("aria-label", control.label);
      range.addEventListener("input", () => show(Number(range.value)));
      shown.textContent = control.options[control.initial];
      const step = (text, label, by) => {
        const button = element("button", { type: "button", className: "step", textContent: text });
        button.setAttribute("aria-label", label);
        button.addEventListener("click", () => show(Number(range.value) + by));
        return button;
      };
      const presets = control.presets.map(([text, option]) => {
        const button = element("button", { type: "button", textContent: text });
        button.addEventListener("click", () => show(option));
        return button;
      });
      return [shown, step("\u2039", "Earlier", -1), range, step("\u203a", "Later", 1), element("div", { className: "presets" }, ...presets)];
    },
  };

  const sortable = (place) => {
    const body = place.querySelector("tbody"), rows = [...body.rows], heads = [...place.querySelectorAll("thead th")];
    const value = (row, column) => column ? Number(row.cells[column].dataset.value || "NaN") : row.cells[0].textContent;
    heads.forEach((head, column) => head.firstChild.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const sign = down ? -1 : 1;
      const order = (one, two) => column ? (value(one, column) - value(two, column) || 0) : value(one, 0).localeCompare(value(two, 0), "en", { numeric: true });
      body.append(...rows.sort((one, two) => sign * order(one, two)));
    }));
    const search = place.querySelector("input"), empty = place.querySelector(".empty");
    search.addEventListener("input", () => {
      const wanted = search.value.trim().toLowerCase();
      rows.forEach((row) => { row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted); });
      empty.hidden = rows.some((row) => !row.hidden);
    });
    place.querySelector(".csv").addEventListener("click", () => save(place.dataset.table, [
      heads.map((head) => head.textContent),
      ...rows.map((row) => [...row.cells].map((cell, at) => at ? cell.dataset.value : cell.textContent)),
    ]));
  };

  const contents = () => {
    const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
    const seen = new IntersectionObserver((entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => {
      links.forEach((link) => link.removeAttribute("aria-current"));
      links.get(entry.target.id)?.setAttribute("aria-current", "true");
    }), { rootMargin: "-20% 0px -70% 0px" });
    document.querySelectorAll("main section").forEach((section) => seen.observe(section));
  };

  for (const [id, control] of Object.entries(data.controls)) {
    chosen[id] = control.initial;
    document.querySelector(`[data-control="${id}"]`).append(...builders[control.kind](id, control));
  }
  const ids = Object.keys(data.figures);
  ids.forEach((id) => {
    hidden[id] = new Set();
    document.getElementById(id).querySelector(".csv").addEventListener("click", () => download(id));
  });
  document.querySelectorAll(".table").forEach(sortable);
  contents();
  const follow = () => {
    const widths = new Map();
    const watch = new ResizeObserver((entries) => entries.forEach(({ target }) => {
      const changed = widths.get(target) !== target.clientWidth;
      widths.set(target, target.clientWidth);
      if (changed) draw(target.closest("figure").id);
    }));
    ids.forEach((id) => {
      const chart = document.getElementById(id).querySelector(".chart");
      widths.set(chart, chart._fullLayout.width);
      watch.observe(chart);
    });
  };
  // One chart per turn of the event loop: the page can be read and scrolled while the rest are drawn.
  const next = (at) => {
    if (at === ids.length) { root.dataset.drawn = String(ids.length); follow(); return; }
    draw(ids[at]).then(() => setTimeout(next, 0, at + 1));
  };
  next(0);
  const again = () => ids.forEach(draw);
  dark.addEventListener("change", again);
  addEventListener("beforeprint", again);
  addEventListener("afterprint", again);
})();
