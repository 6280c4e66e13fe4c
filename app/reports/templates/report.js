// Draws the charts of a report; charts.js dresses them.
(function () {
  "use strict";
  const root = document.documentElement;
  const figures = JSON.parse(document.getElementById("vh-figures").textContent);
  const config = { displayModeBar: false, responsive: true, doubleClick: "reset" };
  const graphs = [...document.querySelectorAll("[data-chart]")];

  function apply(theme) {
    root.setAttribute("data-bs-theme", theme);
    document.dispatchEvent(new CustomEvent("voicehive:theme"));
  }

  // Paper is white.
  const paper = matchMedia("print");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;
  const wanted = () => (paper.matches ? "light" : chosen || (dark.matches ? "dark" : "light"));
  root.setAttribute("data-bs-theme", wanted());
  for (const query of [paper, dark]) query.addEventListener("change", () => apply(wanted()));
  const button = document.getElementById("theme");
  if (button)
    button.addEventListener("click", () => {
      chosen = root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark";
      apply(chosen);
    });

  const drawn = graphs.map((graph) => {
    const figure = figures[graph.dataset.chart];
    if (!figure.data.length) {
      graph.textContent = "Nothing to draw in this period.";
      graph.classList.add("nothing");
      return null;
    }
    return window.Plotly.react(graph, { ...figure, config });
  });
  // What prints it waits for this.
  window.drawn = Promise.all(drawn).then(() => true);
  addEventListener("beforeprint", () => {
    for (const each of document.querySelectorAll("details")) each.open = true;
    graphs.forEach((graph) => graph.data && window.Plotly.Plots.resize(graph));
  });
})();
