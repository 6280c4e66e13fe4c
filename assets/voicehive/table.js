// A chart as a table: for those who read with the keyboard or a screen reader, and for whoever wants the figures. Each
// figure leads to its calls, as the chart's own points do.
(function () {
  "use strict";
  const vh = (window.voicehive = window.voicehive || {});

  function box(graph) {
    const figure = graph.closest(".vh-figure");
    return figure && figure.querySelector(".vh-as-table");
  }

  const plain = (html) => new DOMParser().parseFromString(String(html).replace(/<br>/g, ", "), "text/html").body.textContent;

  // Columns of a figure: the named series, under what each row covers.
  function read(data) {
    const span = data.find((trace) => String(trace.uid).startsWith("span"));
    const series = data.filter((trace) => trace.name && trace.hoverinfo !== "skip" && trace.y && trace.visible !== false);
    const heads = span ? span.customdata.map((text) => plain(text).split(", n =")[0]) : (series[0] && series[0].x) || [];
    return { heads, series };
  }

  function text(trace, i) {
    const value = trace.y[i];
    if (value === null || value === undefined) return "–";
    if (trace.meta === "duration") return vh.duration(value);
    const number = Number(value).toLocaleString("en-US", { maximumFractionDigits: 3 });
    const template = (trace.hovertemplate || "%{y}").replace(/<[^>]*>/g, "");
    return template.replace(/%\{y[^}]*\}/, number).replace(/[ (]*%\{customdata\}\)?/, "").replace(/ · n =\s*$/, "").trim();
  }

  function cell(trace, i, calls) {
    const found = document.createElement("td");
    const own = calls && (!calls.series || trace.uid in calls.series || trace.uid === "all");
    if (own && trace.y[i] !== null && !(calls.edges && i + 1 >= calls.edges.length)) {
      const link = document.createElement("a");
      link.href = vh.callsLink(calls, i, trace.uid);
      link.textContent = text(trace, i);
      found.append(link);
    } else found.textContent = text(trace, i);
    return found;
  }

  function row(tag, cells) {
    const line = document.createElement("tr");
    for (const content of cells) {
      if (content instanceof Element) line.append(content);
      else {
        const head = document.createElement("th");
        head.scope = tag;
        head.textContent = content;
        line.append(head);
      }
    }
    return line;
  }

  function fill(target, figure, data) {
    const { heads, series } = read(data);
    const calls = vh.callsOf(figure);
    const table = document.createElement("table");
    table.className = "vh-table vh-plain";
    const top = document.createElement("thead");
    top.append(row("col", ["", ...series.map((trace) => plain(trace.name))]));
    const body = document.createElement("tbody");
    heads.forEach((head, i) => body.append(row("row", [head, ...series.map((trace) => cell(trace, i, calls))])));
    table.append(top, body);
    const save = document.createElement("button");
    save.type = "button";
    save.className = "vh-link";
    save.textContent = "Save as CSV";
    save.addEventListener("click", () => download(target.dataset.title, heads, series));
    target.replaceChildren(save, table);
  }

  // A text that begins like a formula is one to a spreadsheet.
  const quoted = (value) => '"' + String(value).replace(/^[=+\-@]/, "'$&").replace(/"/g, '""') + '"';

  function download(title, heads, series) {
    const lines = [["", ...series.map((trace) => plain(trace.name))].map(quoted).join(",")];
    heads.forEach((head, i) => lines.push([quoted(head), ...series.map((trace) => trace.y[i] ?? "")].join(",")));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([lines.join("\r\n") + "\r\n"], { type: "text/csv" }));
    link.download = title.toLowerCase().replace(/[^a-z0-9]+/g, "-") + ".csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  // Called after each drawing: an open table follows the refresh.
  vh.tabulate = function (graph, figure, data) {
    const target = box(graph);
    if (!target) return;
    target.voicehiveFill = () => fill(target, figure, data);
    const holder = target.closest(".vh-card");
    const empty = !data.some((trace) => trace.name);
    if (holder) holder.toggleAttribute("data-empty", empty);
    if (!target.hidden && !empty && !target.contains(document.activeElement)) target.voicehiveFill();
  };

  vh.toggleTable = function (button) {
    const target = button.closest(".vh-card").querySelector(".vh-as-table");
    target.hidden = !target.hidden;
    button.setAttribute("aria-pressed", String(!target.hidden));
    if (target.hidden) target.replaceChildren();
    else if (target.voicehiveFill) target.voicehiveFill();
  };
})();
