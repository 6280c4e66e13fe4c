// What can be done with a chart besides reading it: a picture of it, and the whole screen for it.
(function () {
  "use strict";
  const vh = (window.voicehive = window.voicehive || {});
  const SHARP = 2;
  const ROOM = 64;

  document.documentElement.toggleAttribute("data-full-screen", Boolean(document.fullscreenEnabled));

  vh.fillScreen = function (card) {
    if (document.fullscreenElement) document.exitFullscreen();
    else card.requestFullscreen();
  };

  // As it is on the screen, with what stands around it there: title, legend, and the colour below.
  vh.saveImage = function (card) {
    const graph = card.querySelector(".js-plotly-plot");
    const title = card.querySelector(".vh-card-title").textContent;
    const unit = card.querySelector(".vh-card-unit");
    const { width, height } = graph.getBoundingClientRect();
    const style = getComputedStyle(card);
    const layout = {
      ...graph.layout,
      paper_bgcolor: style.backgroundColor,
      title: { text: title + (unit ? ", " + unit.textContent : ""), font: { size: 14 }, x: 0, xref: "paper", xanchor: "left", y: 1, yref: "container", yanchor: "top", pad: { t: 10 } },
      margin: { ...(graph.layout.template || {}).layout.margin, ...graph.layout.margin, t: ROOM },
      showlegend: true,
      legend: { orientation: "h", x: 0, y: 1, yanchor: "bottom", font: { size: 12 } },
    };
    const data = graph.data.map((trace) => ({ ...trace, showlegend: Boolean(trace.name) && trace.visible !== false }));
    const filename = title.toLowerCase().replace(/[^a-z0-9]+/g, "-");
    return window.Plotly.downloadImage({ data, layout }, { format: "png", filename, width, height: height + ROOM, scale: SHARP });
  };
})();
