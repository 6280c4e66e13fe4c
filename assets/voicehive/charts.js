// Dresses every chart in the page's theme. Figures name colours as var(--vh-...); here they get what the variables
// stand for, so a change of theme redraws the charts without the server.
(function () {
  "use strict";
  const Plotly = window.Plotly;
  const draw = Plotly.react;
  const template = JSON.parse(document.getElementById("vh-template").textContent);
  const given = new WeakMap(); // graph -> the figure as it came
  const hidden = new WeakMap(); // graph -> the names of the series switched off
  const hovered = new WeakMap(); // graph -> where the pointer is on the x axis
  const phone = matchMedia("(max-width: 640px)");
  let look = {};

  function colour(name) {
    if (!(name in look)) look[name] = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    return look[name];
  }

  function painted(value) {
    if (typeof value === "string") return value.startsWith("var(--") ? colour(value.slice(4, -1)) : value;
    if (value === null || typeof value !== "object") return value;
    // Long rows of numbers hold no colours.
    if (Array.isArray(value)) return typeof value[0] === "number" ? value : value.map(painted);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, painted(inner)]));
  }

  function duration(seconds) {
    if (seconds === null || seconds === undefined) return "–";
    if (seconds < 1) return Math.round(seconds * 1000) + " ms";
    if (seconds < 9.95) return seconds.toFixed(1) + " s";
    const whole = Math.round(seconds);
    if (whole < 60) return whole + " s";
    if (whole < 3600) return Math.floor(whole / 60) + " m " + String(whole % 60).padStart(2, "0") + " s";
    const minutes = Math.round(seconds / 60);
    return Math.floor(minutes / 60) + " h " + String(minutes % 60).padStart(2, "0") + " m";
  }

  window.voicehive.duration = duration;

  // Hover texts that follow from the values (see app/figures/__init__.py).
  function withTexts(data) {
    const stack = data.filter((trace) => trace.meta === "share" && trace.visible !== false);
    const totals = stack.length ? stack[0].y.map((_, i) => stack.reduce((sum, trace) => sum + trace.y[i], 0)) : [];
    return data.map((trace) => {
      if (trace.meta === "duration") return { ...trace, customdata: trace.y.map(duration) };
      if (trace.uid === "span" && stack.length) return { ...trace, y: totals };
      if (trace.meta !== "share") return trace;
      const share = (n, i) => (n ? "(" + ((n / totals[i]) * 100).toFixed(1).replace(/\.0$/, "") + " %)" : "");
      return { ...trace, customdata: trace.y.map(share) };
    });
  }

  function dressed(figure, off) {
    const dress = painted(template);
    // A finger that scrolls the page must not zoom a chart.
    if (phone.matches) dress.layout.dragmode = false;
    const layout = { ...painted(figure.layout || {}), template: dress };
    if (phone.matches && layout.meta && layout.meta.cells) oneColumn(layout, layout.meta.cells);
    // What is left after switching series off gets the whole height.
    if (off.size && layout.yaxis) layout.yaxis = { ...layout.yaxis, range: undefined };
    const data = painted(figure.data || []).map((trace) => (off.has(trace.name || trace.legendgroup) ? { ...trace, visible: false } : trace));
    return { ...figure, data: withTexts(data), layout };
  }

  // Small charts stand below each other where there is no room beside.
  function oneColumn(layout, cells) {
    for (let i = 0; i < cells; i += 1) {
      const place = i ? i + 1 : "";
      const top = 1 - i / cells;
      layout["xaxis" + place] = { ...layout["xaxis" + place], domain: [0, 1], showticklabels: i === cells - 1 };
      layout["yaxis" + place] = { ...layout["yaxis" + place], domain: [top - 0.74 / cells, top - 0.2 / cells], showticklabels: true };
      layout.annotations[i] = { ...layout.annotations[i], x: 0, y: top };
    }
  }

  function drawn(graph, figure) {
    const off = hidden.get(graph) || new Set();
    const shown = dressed(figure, off);
    return draw.call(Plotly, graph, shown).then((result) => {
      follow(graph);
      graph.toggleAttribute("data-drill", Boolean(window.voicehive.callsOf(figure)));
      legend(graph, shown.data, off);
      window.voicehive.tabulate(graph, figure, shown.data);
      const x = hovered.get(graph);
      if (x !== undefined && Plotly.Fx) Plotly.Fx.hover(graph, { xval: x }, "xy");
      return result;
    });
  }

  function legend(graph, data, off) {
    const figure = graph.closest(".vh-figure");
    const box = figure && figure.querySelector(".vh-legend");
    if (!box) return;
    const entries = data.filter((trace) => trace.name);
    const state = JSON.stringify(entries.map((t) => [t.name, off.has(t.name), (t.marker || {}).color, (t.line || {}).color]));
    if (box.dataset.state === state) return;
    box.dataset.state = state;
    const focused = box.contains(document.activeElement) ? document.activeElement.textContent : null;
    box.replaceChildren(...entries.map((trace) => entry(graph, trace, off)));
    if (focused) [...box.children].find((button) => button.textContent === focused)?.focus();
  }

  function entry(graph, trace, off) {
    const button = document.createElement("button");
    const mark = document.createElement("i");
    if (trace.type === "bar") mark.style.background = trace.marker.color;
    else if (trace.mode === "markers") {
      mark.className = "vh-ring";
      mark.style.borderColor = trace.marker.color;
    } else {
      mark.className = "vh-line";
      mark.style.borderTopColor = trace.line.color;
      mark.style.borderTopStyle = { dash: "dashed", dot: "dotted", "6px,3px": "dashed" }[trace.line.dash] || "solid";
    }
    button.type = "button";
    button.append(mark, trace.name);
    button.setAttribute("aria-pressed", String(!off.has(trace.name)));
    button.addEventListener("click", () => {
      if (!off.delete(trace.name)) off.add(trace.name);
      hidden.set(graph, off);
      drawn(graph, given.get(graph));
    });
    return button;
  }

  function follow(graph) {
    if (graph.voicehiveFollowed) return;
    graph.voicehiveFollowed = true;
    graph.on("plotly_hover", (e) => e.xvals && hovered.set(graph, e.xvals[0]));
    graph.on("plotly_click", (e) => window.voicehive.drill(e, given.get(graph)));
    graph.on("plotly_unhover", () => hovered.delete(graph));
    graph.on("plotly_relayout", () => hovered.delete(graph));
  }

  Plotly.react = function (graph, figure, ...rest) {
    if (!figure || !figure.data || Array.isArray(figure)) return draw.call(Plotly, graph, figure, ...rest);
    const before = given.get(graph);
    // After a zoom Dash hands back the figure it already shows, with the zoom written in; drawing that would turn the
    // user's zoom into the figure's own range, and the next refresh would undo it.
    if (before && before.data === figure.data && graph._fullLayout) return Promise.resolve(graph);
    given.set(graph, figure);
    return drawn(graph, figure);
  };

  function redrawAll() {
    look = {};
    for (const graph of document.querySelectorAll(".js-plotly-plot")) {
      const figure = given.get(graph);
      if (figure) drawn(graph, figure);
    }
  }
  document.addEventListener("voicehive:theme", redrawAll);
  phone.addEventListener("change", redrawAll);
})();
