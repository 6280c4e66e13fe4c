// The backtest of an alert: asks the API and draws when it would have fired, today's version above the changed one.
(function () {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const MOST_LISTED = 20;

  // Labels and names come from outside: they are only ever set as text.
  function made(tag, cls, text) {
    const element = document.createElement(tag);
    element.className = cls;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  const clock = (zone) => {
    const format = new Intl.DateTimeFormat([], { dateStyle: "medium", timeStyle: "short", timeZone: zone });
    return (iso) => format.format(new Date(iso));
  };

  function lasting(ms) {
    const minutes = Math.round(ms / 60000);
    return minutes < 60 ? minutes + " min" : Math.floor(minutes / 60) + " h " + (minutes % 60) + " min";
  }

  const others = (interval) =>
    Object.entries(interval.labels)
      .filter(([name]) => !["alertname", "severity", "topic", "window"].includes(name))
      .map(([name, value]) => name + "=" + value)
      .join(" ");

  function lane(outcome, start, end, when, cls) {
    const bar = made("div", "bt-lane");
    bar.setAttribute("role", "img");
    bar.setAttribute("aria-label", outcome.sentence);
    for (const each of outcome.intervals) {
      const mark = made("span", "bt-mark " + cls);
      const [from, to] = [new Date(each.start), new Date(each.end)];
      mark.style.left = (100 * (from - start)) / (end - start) + "%";
      mark.style.width = (100 * (to - from)) / (end - start) + "%";
      mark.dataset.tip = when(each.start) + ", " + lasting(to - from) + ", peak " + peak(each);
      bar.append(mark);
    }
    return bar;
  }

  const peak = (interval) => (interval.peak === null ? "–" : Number(interval.peak.toPrecision(4)).toString());

  function axis(start, end, zone) {
    const days = (end - start) / 86400000;
    const options = days > 2 ? { month: "short", day: "numeric" } : { hour: "2-digit", minute: "2-digit" };
    const format = new Intl.DateTimeFormat([], { ...options, timeZone: zone });
    const row = made("div", "bt-axis");
    for (let step = 0; step <= 4; step++) row.append(made("span", "", format.format(new Date(+start + ((end - start) * step) / 4))));
    return row;
  }

  function list(outcome, when) {
    const rows = made("ul", "bt-list");
    for (const each of outcome.intervals.slice(0, MOST_LISTED)) {
      const row = made("li", "");
      row.append(made("span", "", when(each.start)));
      row.append(made("span", "", lasting(new Date(each.end) - new Date(each.start)) + (each.open ? ", and still does" : "")));
      row.append(made("span", "", "peak " + peak(each)));
      row.append(made("span", "al-summary", others(each)));
      rows.append(row);
    }
    const more = outcome.intervals.length - MOST_LISTED;
    if (more > 0) rows.append(made("li", "vh-note", "and " + more + " times more"));
    const box = made("details", "");
    box.append(made("summary", "al-more", outcome.times === 1 ? "When it would have fired" : "Each of the " + outcome.times + " times"), rows);
    return box;
  }

  function unknown(outcome, when) {
    return Object.entries(outcome.unknown).map(([name, at]) => made("p", "vh-note", name + (at ? " has a history only since " + when(at) : " has no history") + "."));
  }

  function version(title, outcome, answer, zone, cls) {
    const [start, end, when] = [new Date(answer.from), new Date(answer.to), clock(zone)];
    const box = made("div", "bt-version");
    const said = made("p", "bt-sentence");
    said.append(made("strong", "", title + " "), document.createTextNode("it " + outcome.sentence + "."));
    box.append(said, lane(outcome, start, end, when, cls));
    if (outcome.intervals.length) box.append(list(outcome, when));
    return box;
  }

  function show(answer, threshold, zone) {
    const result = byId("bt-result");
    result.replaceChildren();
    answer.today.forEach((outcome, index) => {
      result.append(version("As it is", outcome, answer, zone, "bt-today"));
      if (answer.changed) result.append(version("With " + threshold, answer.changed[index], answer, zone, "bt-changed"));
      result.append(axis(new Date(answer.from), new Date(answer.to), zone), ...unknown(outcome, clock(zone)));
    });
  }

  const running = (on) => {
    byId("bt-run").disabled = on;
    byId("bt-run").textContent = on ? "Running …" : "Run";
    byId("bt-cancel").classList.toggle("d-none", !on);
  };

  async function run(form) {
    const threshold = byId("bt-threshold").value.trim();
    const body = { rule: byId("bt-rule").value, days: Number(byId("bt-days").value) };
    const said = byId("bt-error");
    said.textContent = "";
    if (threshold) {
      body.threshold = Number(threshold);
      if (!Number.isFinite(body.threshold)) {
        said.textContent = "The threshold has to be a number, such as 5 or 0.5.";
        return;
      }
    }
    running(true);
    try {
      const answer = await fetch("/api/rules/backtest", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
      const content = await answer.json().catch(() => ({}));
      if (answer.ok) show(content, threshold, form.dataset.backtest);
      else said.textContent = (content.error && content.error.message) || "The server answered with status " + answer.status + ".";
    } catch (e) {
      said.textContent = "The server can't be reached.";
    } finally {
      running(false);
    }
  }

  function hint() {
    const chosen = byId("bt-rule") && byId("bt-rule").selectedOptions[0];
    if (!chosen) return;
    const own = chosen.dataset.threshold;
    byId("bt-threshold").placeholder = own ? "now " + own : "it has none";
    byId("bt-threshold").disabled = !own;
  }

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-backtest]");
    if (!form) return;
    event.preventDefault();
    run(form);
  });
  document.addEventListener("change", (event) => event.target.id === "bt-rule" && hint());
  document.addEventListener("focusin", (event) => event.target.id === "bt-threshold" && hint());
  document.addEventListener("click", (event) => event.target.id === "bt-cancel" && fetch("/api/rules/backtest", { method: "DELETE" }));
})();
