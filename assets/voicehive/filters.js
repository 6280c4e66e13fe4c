// The filter is the query string: what changes it pushes a new address and fetches at once; Back works.
(function () {
  "use strict";
  const vh = (window.voicehive = window.voicehive || {});

  function go(change, replace) {
    const query = new URLSearchParams(location.search);
    change(query);
    const address = location.pathname + vh.searchOf(query);
    if (address === location.pathname + location.search) return;
    history[replace ? "replaceState" : "pushState"](null, "", address);
    vh.arrived();
    changed();
  }
  vh.changeFilter = go;
  vh.filterChanged = () => changed();
  vh.write = (field, value) => write(field, value);

  function changed() {
    // A page without figures that refresh is drawn anew.
    if (!document.getElementById("vh-live")) return location.reload();
    vh.pendingFilter = true;
    mark();
    vh.refresh();
  }

  function set(values, replace) {
    go((query) => {
      for (const [name, value] of Object.entries(values)) {
        if (value === "" || value === null) query.delete(name);
        else query.set(name, value);
      }
    }, replace);
  }

  // The preset in use is marked; the labels come with the answer.
  function mark() {
    const query = new URLSearchParams(location.search);
    const from = query.get("from") || "now-24h";
    const to = query.get("to") || "now";
    for (const button of document.querySelectorAll("[data-query]:not([data-fixed])")) {
      const wanted = JSON.parse(button.dataset.query);
      button.setAttribute("aria-current", String(wanted.from === from && wanted.to === to));
    }
  }

  // The fields are React's: it must hear of the change.
  const native = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
  function write(field, value) {
    if (!field || field.value === value) return;
    native.call(field, value);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  vh.write = write;

  // The custom range begins as the range shown.
  function prefill(menu) {
    const shown = document.getElementById("vh-range-label");
    if (!shown || !menu.contains(shown)) return;
    for (const end of ["from", "to"]) write(document.getElementById("vh-" + end), shown.dataset[end] || "");
    document.getElementById("vh-range-error").textContent = "";
  }

  function knownZone(name) {
    try {
      new Intl.DateTimeFormat("en", { timeZone: name });
      return true;
    } catch (e) {
      return false;
    }
  }

  const forms = {
    range(say) {
      const from = document.getElementById("vh-from").value;
      const to = document.getElementById("vh-to").value;
      if (!from) return say("Say where the range begins.");
      if (to && from >= to) return say("The range must begin before it ends.");
      return set({ from, to: to || "now" });
    },
    zone(say) {
      const zone = document.getElementById("vh-zone").value.trim();
      if (!zone || !knownZone(zone)) return say("Not a time zone; they look like Europe/Berlin.");
      return set({ zone });
    },
  };

  document.addEventListener("submit", (event) => {
    const name = event.target.dataset.form;
    if (!forms[name]) return;
    event.preventDefault();
    const complaint = document.getElementById("vh-" + name + "-error");
    complaint.textContent = "";
    forms[name]((text) => (complaint.textContent = text));
    if (!complaint.textContent) vh.closeMenus(true);
  });

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-query],[data-remove],[data-zone]");
    if (!target) return;
    if (target.dataset.query) set(JSON.parse(target.dataset.query));
    else if (target.dataset.remove) {
      const [[name, value]] = [...new URLSearchParams(target.dataset.remove)];
      go((query) => {
        const rest = query.getAll(name).filter((v) => v !== value);
        query.delete(name);
        rest.forEach((v) => query.append(name, v));
      });
      document.querySelector(".vh-filters summary").focus();
    } else {
      const browser = Intl.DateTimeFormat().resolvedOptions().timeZone;
      set({ zone: target.dataset.zone === "browser" ? browser : target.dataset.zone });
    }
    vh.closeMenus(true);
  });

  // Six hundred names need not travel: the browser knows them.
  document.addEventListener("focusin", (event) => {
    const list = document.getElementById("vh-zones");
    if (event.target.id !== "vh-zone" || !list || list.childElementCount || !Intl.supportedValuesOf) return;
    for (const zone of Intl.supportedValuesOf("timeZone")) list.append(new Option(zone, zone));
  });

  vh.toggleCompare = () => set({ compare: new URLSearchParams(location.search).get("compare") === "0" ? "" : "0" });
  vh.resetFilters = () => go((query) => [...query.keys()].forEach((name) => name !== "kiosk" && query.delete(name)));
  vh.menuOpened = (menu) => {
    mark();
    prefill(menu);
  };

  // --- Search: while somebody types, one entry of the history.
  const fields = () => document.querySelectorAll("input.vh-q");
  let typing = null;
  let typed = false;

  document.addEventListener("input", (event) => {
    const field = event.target;
    if (!field.matches("input.vh-q")) return;
    clearTimeout(typing);
    typing = setTimeout(() => {
      const q = field.value.trim();
      if (q === (new URLSearchParams(location.search).get("q") || "")) return;
      set({ q }, typed);
      typed = true;
    }, 250);
  });
  document.addEventListener("focusin", (event) => event.target.matches("input.vh-q") && (typed = false));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input, textarea, select, [contenteditable]")) return;
    const field = [...fields()].find((each) => each.offsetParent);
    if (!field) return;
    event.preventDefault();
    field.focus();
    field.select();
  });

  function showSearch() {
    const q = new URLSearchParams(location.search).get("q") || "";
    for (const field of fields()) if (field !== document.activeElement) write(field, q);
  }
  document.addEventListener("voicehive:page", showSearch);

  let path = location.pathname;
  addEventListener("popstate", () => location.pathname === path && changed());
  document.addEventListener("voicehive:address", () => {
    path = location.pathname;
    showSearch();
  });
})();
