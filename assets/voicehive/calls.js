// The table of calls: rows come from the server as they are scrolled to, in any order; a row leads to its call.
(function () {
  "use strict";
  const vh = (window.voicehive = window.voicehive || {});
  const h = (...args) => window.React.createElement(...args);
  const KEY = "voicehive.calls.columns";
  const BLOCK = 100;
  const phone = matchMedia("(max-width: 640px)");

  let box = null; // the element around the table shown
  let api = null;
  let pin = ""; // the range of the first answer: what is read does not move on by itself
  let seen = ""; // the query string whose rows are shown
  let reached = 0;

  // --- Cells. Text is put in as text: nothing of a call is ever read as HTML.
  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  const dot = (status) => h("span", { className: "vh-dot vh-dot-" + status, "aria-hidden": true });
  const status = (text) => (text || "").replace(/_/g, " ");
  cells.VhStatus = ({ data }) => data && h("span", { className: "vh-cell-status" }, dot(data._status), status(data._status));
  cells.VhCall = ({ data, value }) =>
    data ? h("a", { href: data._href, "data-nav": "1", tabIndex: -1 }, value) : h("span", { className: "vh-cell-wait" });
  cells.VhTwoLines = ({ data }) =>
    data
      ? h(
          "a",
          { href: data._href, "data-nav": "1", className: "vh-call-lines", tabIndex: -1 },
          h("span", { className: "vh-call-line" }, dot(data._status), h("b", null, [data.agent, data.queue].filter(Boolean).join(" · ") || "–"), h("span", null, data.duration_seconds || status(data._status))),
          h("span", { className: "vh-call-line vh-note" }, h("span", null, data.started_at), h("span", null, data.end_reason || "")),
        )
      : h("span", { className: "vh-cell-wait" });

  const TWO_LINES = ["started_at", "agent", "queue", "duration_seconds", "end_reason"];
  const RIGHT = ["duration", "ms", "money", "number"];

  function sorted() {
    const text = new URLSearchParams(location.search).get("sort") || "-started_at";
    return { name: text.replace(/^-/, ""), descending: text.startsWith("-") };
  }

  // --- What the reader chose of columns stays in the browser.
  function kept() {
    try {
      return JSON.parse(localStorage.getItem(KEY)) || [];
    } catch (e) {
      return [];
    }
  }
  function keep() {
    const state = api.getColumnState().map(({ colId, hide, width }) => ({ colId, hide, width }));
    try {
      localStorage.setItem(KEY, JSON.stringify(state));
    } catch (e) {
      // storage is forbidden here: kept for this page only
    }
  }

  function definitions(specs) {
    if (phone.matches) return [{ colId: "call", headerName: "Call", flex: 1, cellRenderer: "VhTwoLines", sortable: false }];
    const sort = sorted();
    const chosen = new Map(kept().map((each, place) => [each.colId, { ...each, place }]));
    const found = specs.map((spec, place) => {
      const own = chosen.get(spec.name) || { hide: !spec.shown, width: spec.width, place: 1000 + place };
      const definition = { field: spec.name, headerName: spec.title, width: own.width, hide: own.hide, tooltipField: spec.name };
      if (RIGHT.includes(spec.kind)) Object.assign(definition, { type: "rightAligned" });
      if (spec.kind === "status") definition.cellRenderer = "VhStatus";
      if (spec.name === "started_at") definition.cellRenderer = "VhCall";
      if (spec.name === sort.name) definition.sort = sort.descending ? "desc" : "asc";
      return { definition, place: own.place };
    });
    return found.sort((a, b) => a.place - b.place).map((each) => each.definition);
  }

  const THEME =
    "themeQuartz.withParams({accentColor:'var(--vh-accent)',backgroundColor:'var(--vh-surface)',foregroundColor:'var(--vh-text)'," +
    "borderColor:'var(--vh-grid)',headerBackgroundColor:'var(--vh-surface)',headerTextColor:'var(--vh-muted)',headerFontWeight:500," +
    "rowHoverColor:'var(--vh-hover)',oddRowBackgroundColor:'var(--vh-surface)',fontFamily:'inherit',fontSize:14,headerFontSize:12," +
    "wrapperBorder:false,wrapperBorderRadius:0,cellHorizontalPadding:12,columnBorder:false,browserColorScheme:'inherit'," +
    "headerColumnResizeHandleColor:'transparent',iconColor:'var(--vh-muted)',tooltipBackgroundColor:'var(--vh-raised)'," +
    "tooltipTextColor:'var(--vh-text)',spacing:8})";

  function table(specs) {
    const two = phone.matches;
    return {
      namespace: "dash_ag_grid",
      type: "AgGrid",
      props: {
        id: "ca-table",
        rowModelType: "infinite",
        columnDefs: definitions(specs),
        defaultColDef: { resizable: true, sortable: true, suppressHeaderMenuButton: true, minWidth: 64, sortingOrder: ["desc", "asc"] },
        dashGridOptions: {
          theme: { function: THEME },
          cacheBlockSize: BLOCK,
          maxBlocksInCache: 40,
          maxConcurrentDatasourceRequests: 2,
          blockLoadDebounceMillis: 60,
          infiniteInitialRowCount: Math.max(reached + 30, 1),
          rowHeight: rowHeight(),
          headerHeight: two ? 0 : 36,
          animateRows: false,
          suppressDragLeaveHidesColumns: true,
          suppressMultiSort: true,
          tooltipShowDelay: 600,
          ensureDomOrder: true,
        },
        style: { height: "100%", width: "100%" },
      },
    };
  }

  // --- Rows.
  function wanted() {
    if (phone.matches) return TWO_LINES;
    return api.getColumnState().filter((each) => !each.hide).map((each) => each.colId);
  }

  async function fetchRows(params) {
    const query = new URLSearchParams(location.search);
    const [order] = params.sortModel;
    query.set("sort", order ? (order.sort === "desc" ? "-" : "") + order.colId : "-started_at");
    query.set("start", params.startRow);
    query.set("limit", params.endRow - params.startRow);
    query.set("columns", wanted().join(",") || "started_at");
    if (pin) query.set("pin", pin);
    const answer = await fetch("/_rows/calls?" + query);
    const body = await answer.json();
    if (!answer.ok) throw new Error((body.error || {}).message || "status " + answer.status);
    return body;
  }

  const source = {
    rowCount: undefined,
    getRows(params) {
      const mine = api;
      const asked = seen;
      fetchRows(params).then(
        (body) => {
          if (mine !== api || asked !== seen) return params.failCallback();
          pin = body.pin;
          note(body.reachable < body.total ? "In this order the first " + body.reachable.toLocaleString("en-US") + " can be reached; filter for the others." : "");
          params.successCallback(body.rows, body.reachable);
          if (reached && params.startRow <= reached && reached < params.endRow) {
            const row = reached;
            reached = 0;
            requestAnimationFrame(() => api && api.ensureIndexVisible(row, "top"));
          }
        },
        (error) => {
          if (mine !== api) return;
          params.failCallback();
          note("Rows could not be read. " + error.message + " ", true);
        },
      );
    },
  };

  function note(text, failed) {
    const place = document.getElementById("ca-note");
    if (!place) return;
    place.textContent = text;
    place.classList.toggle("vh-bad", Boolean(failed));
    if (box) box.toggleAttribute("data-failed", Boolean(failed));
    if (!failed || !api) return;
    const retry = document.createElement("button");
    Object.assign(retry, { type: "button", className: "vh-link", textContent: "Retry" });
    retry.dataset.calls = "newer";
    place.append(retry);
  }

  function newer(on) {
    const button = document.getElementById("ca-newer");
    if (button) button.classList.toggle("d-none", !on);
  }

  // Anew from the first row, because something else is asked for.
  function again() {
    pin = "";
    seen = relevant();
    newer(false);
    if (!api) return;
    api.purgeInfiniteCache();
    api.ensureIndexVisible(0, "top");
  }

  function relevant() {
    const query = new URLSearchParams(location.search);
    query.delete("sort");
    query.delete("compare");
    return query.toString();
  }

  // --- The table itself, whose scripts are loaded where it is shown.
  let loading = null;
  function scripts() {
    loading ||= new Promise((done, fail) => {
      if (window.dash_ag_grid) return done();
      const script = document.createElement("script");
      script.src = document.body.dataset.gridScript;
      script.onload = done;
      script.onerror = () => {
        loading = null;
        fail(new Error("the table's script can't be loaded"));
      };
      document.head.append(script);
    });
    return loading;
  }

  async function build() {
    const mine = box;
    try {
      await scripts();
      if (mine !== box) return;
      window.dash_clientside.set_props("ca-grid", { children: table(JSON.parse(box.dataset.columns)) });
      const made = await window.dash_ag_grid.getApiAsync("ca-table");
      // The component sets a source of rows of its own when it is ready, at times only now.
      while (mine === box && !made.isDestroyed() && !made.getGridOption("datasource")) await new Promise(requestAnimationFrame);
      if (mine !== box || made.isDestroyed()) return;
      api = made;
      listen();
      api.setGridOption("datasource", source);
      columnMenu();
    } catch (error) {
      note("The table could not be shown: " + error.message, true);
    }
  }

  function listen() {
    api.addEventListener("rowClicked", ({ data, event }) => {
      if (!data || event.target.closest("a") || String(getSelection())) return;
      leave(data, event);
    });
    api.addEventListener("cellKeyDown", ({ data, event }) => data && event.key === "Enter" && leave(data, event));
    api.addEventListener("sortChanged", () => {
      const [column] = api.getColumnState().filter((each) => each.sort);
      const text = column ? (column.sort === "desc" ? "-" : "") + column.colId : "-started_at";
      const query = new URLSearchParams(location.search);
      if (text === "-started_at") query.delete("sort");
      else query.set("sort", text);
      history.replaceState(history.state, "", location.pathname + vh.searchOf(query));
      newer(false);
    });
    for (const name of ["columnMoved", "columnResized", "columnVisible"]) {
      api.addEventListener(name, (event) => event.finished !== false && event.source !== "gridInitializing" && !phone.matches && keep());
    }
    api.addEventListener("bodyScrollEnd", remember);
  }

  const rowHeight = () => (phone.matches ? 64 : 40);
  const topRow = () => Math.round(api.getVerticalPixelRange().top / rowHeight());

  // Back from a call to the row that led there.
  function remember() {
    if (!api) return;
    history.replaceState({ ...history.state, calls: { row: topRow(), pin } }, "");
  }

  function leave(data, event) {
    remember();
    if (event.ctrlKey || event.metaKey) window.open(vh.addressOf(data._href), "_blank", "noopener");
    else vh.open(vh.addressOf(data._href));
  }
  document.addEventListener("click", (event) => event.target.closest(".vh-calls-grid a") && remember(), true);

  // --- Which columns.
  function columnMenu() {
    const place = document.getElementById("ca-columns");
    if (!place || phone.matches) return;
    const shown = new Set(wanted());
    const boxes = JSON.parse(box.dataset.columns).map((spec) => {
      const label = document.createElement("label");
      const mark = document.createElement("input");
      Object.assign(mark, { type: "checkbox", checked: shown.has(spec.name), className: "form-check-input" });
      mark.addEventListener("change", () => {
        api.setColumnsVisible([spec.name], mark.checked);
        // Rows that were fetched lack a column that was not shown.
        if (mark.checked) api.refreshInfiniteCache();
      });
      label.className = "vh-value";
      label.append(mark, spec.title);
      return label;
    });
    const reset = document.createElement("button");
    Object.assign(reset, { type: "button", className: "vh-button", textContent: "Reset columns" });
    reset.addEventListener("click", () => {
      localStorage.removeItem(KEY);
      vh.closeMenus(true);
      rebuild();
    });
    place.replaceChildren(...boxes, reset);
  }

  function rebuild() {
    if (!box) return;
    api = null;
    window.dash_clientside.set_props("ca-grid", { children: null });
    setTimeout(build, 0);
  }

  document.addEventListener("voicehive:page", () => {
    const found = document.getElementById("ca-grid");
    if (found === box) return;
    box = found;
    api = null;
    pin = "";
    reached = 0;
    if (!box) return;
    const back = (history.state || {}).calls;
    if (back) ({ row: reached, pin } = back);
    seen = relevant();
    build();
  });
  document.addEventListener("voicehive:address", () => {
    if (box && document.contains(box) && relevant() !== seen) again();
    exportLinks();
  });
  phone.addEventListener("change", rebuild);

  // New calls: shown at once to who looks at the top of the newest, announced to everybody else.
  document.addEventListener("voicehive:refreshed", ({ detail }) => {
    exportLinks();
    if (!api || !detail.includes("ca-total")) return;
    const atTop = topRow() === 0 && sorted().name === "started_at" && sorted().descending;
    if (!atTop) return newer(true);
    pin = "";
    api.refreshInfiniteCache();
  });
  document.addEventListener("click", (event) => event.target.closest("[data-calls=newer]") && again());

  // What is exported is what is shown.
  function exportLinks() {
    const shown = new URLSearchParams(location.search);
    // Without a range the page shows a day, and the API gives all.
    if (!shown.has("from")) shown.set("from", "now-24h");
    for (const link of document.querySelectorAll("a[data-export]")) {
      link.setAttribute("href", "/api/export/calls." + link.dataset.export + "?" + shown);
    }
  }
  document.addEventListener("toggle", exportLinks, true);

  // A workbook of many calls takes a while: until the answer begins, which its cookie tells, the page says so.
  document.addEventListener(
    "click",
    (event) => {
      const link = event.target.closest("a[data-export]");
      if (!link) return;
      exportLinks();
      const token = String(Date.now());
      const address = new URL(link.href);
      address.searchParams.set("token", token);
      link.setAttribute("href", address.pathname + address.search);
      vh.closeMenus(true);
      note("Preparing " + document.getElementById("ca-total").textContent + " …");
      const began = setInterval(() => {
        if (!document.cookie.includes("vh_export=" + token)) return;
        clearInterval(began);
        note("");
      }, 300);
    },
    true,
  );
})();
