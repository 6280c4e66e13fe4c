// The page of reports: a report at once, and the form of schedules; everything else comes with the refresh.
(function () {
  "use strict";
  const vh = (window.voicehive = window.voicehive || {});
  const byId = (id) => document.getElementById(id);
  const NOT_FILTERS = ["from", "to", "compare", "kiosk", "zone"];
  let edited = null; // the id of the schedule in the form

  // The filter of the page without its range.
  function narrowed() {
    const query = new URLSearchParams(location.search);
    for (const name of NOT_FILTERS) query.delete(name);
    return query;
  }

  function show(form, query, more) {
    for (const [name, value] of Object.entries(more)) if (value) query.set(name, value);
    window.open("/api/reports/report." + form + "?" + query, "_blank", "noopener");
  }

  function make(form) {
    const zone = new URLSearchParams(location.search).get("zone");
    show(form, narrowed(), { zone, period: byId("rp-now-period").value, date: byId("rp-now-date").value });
  }

  const checks = (group) => [...document.querySelectorAll('[data-check="' + group + '"]')];
  const press = (button, on) => button.setAttribute("aria-pressed", String(on));

  function open(plan, id) {
    edited = id;
    byId("rp-title").textContent = id ? "Change the schedule" : "Schedule a report";
    byId("rp-problem").textContent = "";
    for (const name of ["name", "zone", "cron", "filter"]) vh.write(byId("rp-" + name), plan[name]);
    byId("rp-period").value = plan.period;
    byId("rp-recipients").value = plan.recipients.join("\n");
    hint();
    for (const button of checks("rp-form")) press(button, plan.forms.includes(button.dataset.value));
    for (const button of checks("rp-channel")) press(button, plan.channels.includes(button.dataset.value));
    byId("rp-dialog").dataset.paused = String(plan.paused);
    byId("rp-dialog").showModal();
    byId("rp-name").focus();
  }

  // The time that counts while none is written.
  function hint() {
    byId("rp-cron").placeholder = byId("rp-period").selectedOptions[0].dataset.cron;
  }

  const chosen = (group) => checks(group).filter((b) => b.getAttribute("aria-pressed") === "true").map((b) => b.dataset.value);

  function written() {
    const text = (name) => byId("rp-" + name).value.trim();
    return {
      name: text("name"),
      period: text("period"),
      cron: text("cron"),
      zone: text("zone"),
      filter: text("filter"),
      forms: chosen("rp-form"),
      recipients: text("recipients").split(/[\s,;]+/).filter(Boolean),
      channels: chosen("rp-channel"),
      paused: byId("rp-dialog").dataset.paused === "true",
    };
  }

  const EMPTY = { name: "", period: "weekly", cron: "", zone: "", forms: ["pdf"], recipients: [], channels: [], paused: false };
  const path = (button) => "/api/reports/schedules/" + button.dataset.id;
  const planOf = (button) => JSON.parse(button.dataset.plan);
  const actions = {
    new: () => open({ ...EMPTY, filter: narrowed().toString() }, null),
    edit: (button) => open(planOf(button), button.dataset.id),
    run: (button) => vh.act(button, "POST", path(button) + "/run"),
    pause: (button) => vh.act(button, "PUT", path(button), { ...planOf(button), paused: !planOf(button).paused }),
    delete(button) {
      if (confirm("Delete the schedule “" + button.dataset.name + "”? Its lines in the ledger stay.")) vh.act(button, "DELETE", path(button));
    },
    preview() {
      const plan = written();
      show("html", new URLSearchParams(plan.filter), { zone: plan.zone, period: plan.period });
    },
    close: () => byId("rp-dialog").close(),
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.report) actions[button.dataset.report](button);
    else if (button.dataset.make) make(button.dataset.make);
    else if (button.dataset.check) press(button, button.getAttribute("aria-pressed") !== "true");
  });

  document.addEventListener("change", (event) => {
    if (event.target.id === "rp-period") hint();
  });

  document.addEventListener("submit", async (event) => {
    if (event.target.id !== "rp-plan") return;
    event.preventDefault();
    const plan = written();
    const say = (text) => (byId("rp-problem").textContent = text);
    if (!plan.name) return say("Give it a name.");
    if (!plan.forms.length) return say("Choose at least one form.");
    try {
      await vh.ask(edited ? "PUT" : "POST", "/api/reports/schedules" + (edited ? "/" + edited : ""), plan);
    } catch (error) {
      return say(error.message);
    }
    byId("rp-dialog").close();
    vh.refresh();
  });
})();
