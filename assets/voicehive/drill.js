// From a point, bar or cell of a chart to exactly the calls behind it (app/figures/drill.py says which those are).
(function () {
  "use strict";
  const vh = (window.voicehive = window.voicehive || {});
  const NEAR_PIXELS = 12;

  vh.callsOf = (figure) => figure && figure.layout && figure.layout.meta && figure.layout.meta.calls;

  // The address of the calls of one point: `index` is its place (of a cell: row and column), `uid` that of its series.
  vh.callsLink = function (calls, index, uid) {
    const query = new URLSearchParams(calls.base);
    const put = (values) => {
      for (const [name, value] of Object.entries(values || {})) {
        query.delete(name);
        for (const one of [].concat(value)) query.append(name, one);
      }
    };
    if (calls.edges) put({ from: instant(calls.edges[index]), to: instant(calls.edges[index + 1]) });
    if (calls.points) put(Array.isArray(index) ? calls.points[index[0]][index[1]] : calls.points[index]);
    if (calls.series) put(calls.series[uid]);
    return "/calls?" + query.toString().replace(/%2F/g, "/").replace(/%3A/g, ":");
  };

  function instant(edge) {
    return typeof edge === "string" ? edge : new Date(edge * 1000).toISOString();
  }

  vh.drill = function (event, figure) {
    const calls = vh.callsOf(figure);
    if (!calls || !event.points.length) return;
    const index = event.points[0].pointNumber;
    if (calls.edges && !(index + 1 < calls.edges.length)) return;
    const uid = Array.isArray(index) ? null : pointed(event, index);
    vh.visit(vh.callsLink(calls, index, uid), event.event);
  };

  // Hovering gathers all series of a bucket: which of them lies under the pointer? None: the whole bucket is meant.
  function pointed(event, index) {
    const { xaxis, yaxis, fullData } = event.points[0];
    const graph = event.event && event.event.target.closest(".js-plotly-plot");
    if (!graph || !xaxis || !yaxis) return null;
    const pixel = event.event.clientY - graph.getBoundingClientRect().top - yaxis._offset;
    const beside = (trace) => trace.visible === true && trace.yaxis === fullData.yaxis && !String(trace.uid).startsWith("span");
    const traces = graph._fullData.filter(beside);
    let below = 0;
    for (const trace of traces.filter((one) => one.type === "bar")) {
      const above = below + (trace.y[index] || 0);
      if (yaxis.p2d(pixel) >= below && yaxis.p2d(pixel) < above) return trace.uid;
      below = above;
    }
    const lines = traces.filter((trace) => trace.type !== "bar" && typeof trace.y[index] === "number");
    const away = (trace) => Math.abs(yaxis.d2p(trace.y[index]) - pixel);
    const near = lines.filter((trace) => away(trace) < NEAR_PIXELS).sort((a, b) => away(a) - away(b));
    return near.length ? near[0].uid : null;
  }

  // Links to calls are followed within the app; so are the rows and cells that lead to them.
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="/calls?"]');
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    vh.visit(link.getAttribute("href"));
  });

  // A field of cells is one stop of the keyboard; the arrows lead from cell to cell.
  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  document.addEventListener("keydown", (event) => {
    const cell = event.target.closest(".vh-heat-cell");
    if (!cell || !STEPS[event.key]) return;
    event.preventDefault();
    const at = cell.getBoundingClientRect();
    const [x, y] = STEPS[event.key];
    const next = document.elementsFromPoint(at.left + at.width / 2 + x * (at.width + 2), at.top + at.height / 2 + y * (at.height + 2));
    const found = next.find((element) => element.classList.contains("vh-heat-cell"));
    if (!found) return;
    cell.tabIndex = -1;
    found.tabIndex = 0;
    found.focus();
  });

  // To another page of the app without loading everything anew; in a new tab where the reader wants one.
  vh.visit = function (address, event) {
    if (event && (event.ctrlKey || event.metaKey || event.shiftKey)) {
      window.open(address, "_blank", "noopener");
      return;
    }
    vh.open(address);
  };
})();
