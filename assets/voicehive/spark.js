// Sparklines, drawn into the page. As images the browser would keep each of them long after it has gone out of sight.
(function () {
  "use strict";
  const HEIGHT = 28;

  function make(name, attributes) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  }

  // The field below each stretch of the line, down to the floor.
  function below(line) {
    const x = (point) => point.split(" ")[0];
    const stretches = line.split("M").slice(1);
    return stretches.map((run) => `M${x(run)} ${HEIGHT}L${run}L${x(run.split("L").pop())} ${HEIGHT}Z`).join("");
  }

  function draw(box) {
    const line = box.dataset.line;
    if (!box.firstChild) {
      const svg = make("svg", { viewBox: "0 0 100 " + HEIGHT, preserveAspectRatio: "none" });
      svg.append(make("path", { class: "vh-spark-area" }), make("path", { class: "vh-spark-line" }));
      box.append(svg);
    }
    const [field, course] = box.firstChild.childNodes;
    if (course.getAttribute("d") === line) return;
    course.setAttribute("d", line);
    field.setAttribute("d", below(line));
  }

  new MutationObserver(() => document.querySelectorAll(".vh-spark").forEach(draw)).observe(document.documentElement, {
    subtree: true,
    childList: true,
    attributeFilter: ["data-line"],
  });
})();
