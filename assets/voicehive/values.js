// The filter menu: what calls can be chosen by on one side, the values that exist on the other.
(function () {
  "use strict";
  const vh = (window.voicehive = window.voicehive || {});
  const WORDS = ["status", "direction", "end_reason_group"];
  let facet = "agent";
  let asked = 0;
  let changedSince = false;

  const list = () => document.getElementById("vh-values");
  const search = () => document.getElementById("vh-values-search");
  const chosen = (name) => new URLSearchParams(location.search).getAll(name);

  function markFacets() {
    for (const button of document.querySelectorAll("[data-facet]")) {
      button.setAttribute("aria-current", String(button.dataset.facet === facet));
      const count = chosen(button.dataset.facet).length;
      if (count) button.dataset.count = count;
      else delete button.dataset.count;
    }
    const menu = document.querySelector("#vh-values-menu > summary");
    if (!menu) return;
    const all = [...document.querySelectorAll("[data-facet]")].reduce((sum, b) => sum + Number(b.dataset.count || 0), 0);
    if (all) menu.dataset.count = all;
    else delete menu.dataset.count;
  }

  async function load() {
    const mine = ++asked;
    const query = new URLSearchParams(location.search);
    query.set("facet", facet);
    query.set("search", search().value.trim());
    let found = [];
    let note = "";
    try {
      const answer = await fetch("/api/values?" + query);
      const body = await answer.json();
      if (!answer.ok) throw new Error((body.error || {}).message);
      found = body;
    } catch (error) {
      note = "The values can't be read. " + (error.message || "");
    }
    if (mine !== asked || !list()) return;
    show(found, note);
  }

  function show(found, note) {
    const picked = chosen(facet);
    const known = new Set(found.map((each) => each.value));
    // What is chosen stays in sight, whether or not a call in this range has it.
    const missing = search().value ? [] : picked.filter((value) => !known.has(value)).map((value) => ({ value, calls: 0 }));
    const rows = [...missing, ...found];
    list().replaceChildren(...rows.map((each) => row(each, picked.includes(each.value))));
    const none = search().value ? "No value has this text in it." : "No call in this range has a value.";
    document.getElementById("vh-values-note").textContent = note || (rows.length ? (found.length >= 200 ? "The 200 most frequent; search for others." : "") : none);
  }

  function row({ value, calls }, on) {
    const label = document.createElement("label");
    const box = document.createElement("input");
    const name = document.createElement("span");
    const count = document.createElement("span");
    box.type = "checkbox";
    box.checked = on;
    box.className = "form-check-input";
    box.dataset.value = value;
    label.className = "vh-value";
    name.className = "vh-value-name";
    name.textContent = WORDS.includes(facet) ? value.replace(/_/g, " ") : value;
    count.className = "vh-value-count";
    count.textContent = calls.toLocaleString("en-US");
    label.append(box);
    if (facet === "status") {
      const dot = document.createElement("span");
      dot.className = "vh-dot vh-dot-" + value;
      label.append(dot);
    }
    label.append(name, count);
    return label;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-facet]");
    if (!button) return;
    facet = button.dataset.facet;
    search().value = "";
    markFacets();
    list().replaceChildren();
    load();
  });

  document.addEventListener("change", (event) => {
    const box = event.target;
    if (!box.matches("#vh-values input[data-value]")) return;
    const values = new Set(chosen(facet));
    if (box.checked) values.add(box.dataset.value);
    else values.delete(box.dataset.value);
    // All that is chosen while the menu is open is one step back.
    vh.changeFilter((query) => {
      query.delete(facet);
      for (const value of values) query.append(facet, value);
    }, changedSince);
    changedSince = true;
  });

  let waiting = null;
  document.addEventListener("input", (event) => {
    if (event.target.id !== "vh-values-search") return;
    clearTimeout(waiting);
    waiting = setTimeout(load, 200);
  });

  document.addEventListener(
    "toggle",
    (event) => {
      if (event.target.id !== "vh-values-menu" || !event.target.open) return;
      changedSince = false;
      markFacets();
      load();
    },
    true,
  );
  document.addEventListener("voicehive:address", markFacets);
  document.addEventListener("voicehive:page", markFacets);
})();
