// The live refresh: one request at a time, only what changed comes back, failures heal by themselves.
(function () {
  "use strict";
  const vh = (window.voicehive = window.voicehive || {});
  const TIMEOUT_MS = 15000;
  const LONGEST_PAUSE_MS = 30000;
  // Where the green dot has to say it alone, for the range needs the room.
  const phone = matchMedia("(max-width: 640px)");

  let root = null; // the status element of the page shown
  let flight = null; // { controller, search }
  let versions = {};
  let good = 0; // when the last good answer came
  let failures = 0;
  let notBefore = 0;
  let paused = false;
  let trouble = null; // { text, reference }
  let beatMs = 5000;
  let lastBeat = 0;
  let shownBanner = "";
  let signedOut = false;

  function page() {
    const found = document.getElementById("vh-live");
    if (found !== root) {
      root = found;
      versions = {};
      good = 0;
      trouble = null;
      if (root) {
        for (const entry of (root.dataset.versions || "").split(",")) {
          const [name, version] = entry.split(":");
          if (version) versions[name] = version;
        }
        if (root.dataset.asOf) good = Date.now();
        else setTimeout(() => vh.refresh(), 0);
      }
      if (flight) flight.controller.abort();
    }
    return root;
  }

  vh.beat = function () {
    const now = Date.now();
    if (lastBeat && !document.hidden) beatMs = Math.min(60000, Math.max(1000, now - lastBeat));
    lastBeat = now;
    page();
    if (signedOut || paused || document.hidden || flight || now < notBefore) return;
    fetchParts();
  };

  // At once, whatever the beat: after a change of the filter, or when asked to.
  vh.refresh = function () {
    if (!page() || signedOut) return;
    if (flight) flight.controller.abort();
    notBefore = 0;
    fetchParts();
  };

  async function fetchParts() {
    const mine = { controller: new AbortController(), timedOut: false };
    flight = mine;
    const timer = setTimeout(() => {
      mine.timedOut = true;
      mine.controller.abort();
    }, TIMEOUT_MS);
    if (vh.pendingFilter) document.documentElement.setAttribute("data-busy", "");
    try {
      const have = Object.entries(versions).map(([name, version]) => name + ":" + version);
      const query = new URLSearchParams(location.search);
      query.set("have", have.join(","));
      const answer = await fetch("/_live/" + (root ? root.dataset.page : "shell") + "?" + query, { signal: mine.controller.signal });
      if (answer.status !== 204) {
        const body = await answer.json().catch(() => ({}));
        if (flight !== mine) return;
        // While the record is away, the server says so, and what it knows all the same.
        if (body.parts) show(body);
        if (!answer.ok) throw failure(answer.status, body.error || {}, Boolean(body.parts));
      }
      if (flight === mine) succeeded();
    } catch (error) {
      if (flight !== mine) return;
      if (mine.controller.signal.aborted && !mine.timedOut) return;
      failed(mine.timedOut ? { text: "The server takes too long to answer." } : error);
    } finally {
      clearTimeout(timer);
      if (flight === mine) {
        flight = null;
        vh.pendingFilter = false;
        document.documentElement.removeAttribute("data-busy");
      }
      tick();
    }
  }

  function failure(status, error, answered) {
    return {
      answered,
      text: error.message || "The server answered with status " + status + ".",
      reference: error.request_id,
      bad: status === 400,
    };
  }

  function succeeded() {
    good = Date.now();
    failures = 0;
    notBefore = 0;
    trouble = null;
  }

  function failed(error) {
    failures += 1;
    // A filter that the server refuses stays refused until it is changed.
    trouble = error && error.text ? error : { text: "The server can't be reached." };
    notBefore = Date.now() + Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** Math.min(failures, 5)) * (0.75 + Math.random() / 2);
  }

  function show(body) {
    const set = window.dash_clientside.set_props;
    if (vh.news && body.parts["vh-news"]) vh.news(body.parts["vh-news"]["data-alerts"]);
    for (const [name, props] of Object.entries(body.parts)) set(name, props);
    versions = body.versions || {};
    document.dispatchEvent(new CustomEvent("voicehive:refreshed", { detail: Object.keys(body.parts) }));
    requestAnimationFrame(tick);
  }

  // --- What says how fresh the page is: once a second, in the browser only.

  function age(ms) {
    const seconds = Math.max(0, Math.floor(ms / 1000));
    if (seconds < 60) return seconds + " s ago";
    if (seconds < 3600) return Math.floor(seconds / 60) + " m ago";
    if (seconds < 86400) return Math.floor(seconds / 3600) + " h ago";
    if (seconds < 31557600) return Math.floor(seconds / 86400) + " d ago";
    return Math.floor(seconds / 31557600) + " y ago";
  }

  function until(ms) {
    if (ms < 1000) return "now";
    return "in " + age(ms).slice(0, -" ago".length);
  }

  function tick() {
    const now = Date.now();
    for (const element of document.querySelectorAll("[data-age]")) {
      const text = age(now - Number(element.dataset.age));
      if (element.dataset.shown !== text) element.dataset.shown = text;
    }
    for (const element of document.querySelectorAll("[data-due]")) {
      const text = until(Number(element.dataset.due) - now);
      if (element.dataset.shown !== text) element.dataset.shown = text;
    }
    for (const code of document.querySelectorAll("code[data-template]")) fill(code);
    const label = document.getElementById("vh-age");
    if (!page() || !label) return signedOut && banner(now);
    // Fewer seconds than a beat are no news to anybody.
    const since = good ? now - good : 0;
    const fresh = !trouble && good && since < 2 * beatMs;
    const text = signedOut ? "Signed out" : paused ? "Paused · " + age(since) : !good ? (trouble ? "No data" : "Connecting") : (fresh ? (phone.matches ? "" : "Live · ") : "Updated ") + age(since);
    if (label.textContent !== text) label.textContent = text;
    root.dataset.state = paused ? "paused" : fresh ? "live" : trouble ? "trouble" : "late";
    banner(now);
  }

  // Commands to copy: this server's address, and times that lie in the range shown.
  function fill(code) {
    const time = (ago) => new Date(Date.now() - ago * 1000).toISOString().slice(0, 19) + "Z";
    if (!code.textContent.includes("{")) return;
    const values = { origin: location.origin, started: time(300), ended: time(42) };
    code.textContent = code.textContent.replace(/\{(origin|started|ended)\}/g, (_, name) => values[name]);
    code.removeAttribute("data-template");
  }

  function banner(now) {
    const stale = good && now - good > Math.max(3 * beatMs, 10000);
    let text = "";
    if (signedOut) text = "You are signed out.";
    else if (trouble && trouble.bad) text = "This filter can't be used: " + trouble.text;
    else if (trouble && !good) text = "The page could not be loaded. " + trouble.text;
    else if (stale && !paused && !document.hidden)
      text = "Live updates interrupted, showing data from " + age(now - good) + "." + (trouble ? " " + trouble.text : "");
    if (!text || (trouble && trouble.bad)) delete document.documentElement.dataset.stale;
    else document.documentElement.dataset.stale = trouble && trouble.answered ? "record" : "server";
    if (text && !text.endsWith(".")) text += ".";
    if (text && !signedOut && trouble && trouble.reference) text += " Request " + trouble.reference + ".";
    if (text === shownBanner) return;
    shownBanner = text;
    const h = (type, props) => ({ namespace: "dash_html_components", type, props });
    const act = signedOut ? ["Sign in", "sign-in"] : trouble && trouble.bad ? ["Reset filters", "reset"] : ["Retry", "retry"];
    const button = h("Button", { children: act[0], type: "button", className: "vh-link", "data-vh": act[1] });
    const children = [h("Span", { children: text }), button];
    const line = h("Div", { className: "vh-banner " + (good && !(trouble && trouble.bad) ? "vh-warn" : "vh-bad"), children });
    window.dash_clientside.set_props("vh-banner", { children: text ? [line] : [] });
  }

  // Whatever is refused for want of a sign-in, by us or by Dash: the page says so, and asks for nothing more.
  const plainFetch = window.fetch;
  window.fetch = async function (...given) {
    const answer = await plainFetch.apply(this, given);
    if (answer.status === 401 && new URL(answer.url).origin === location.origin && !signedOut) {
      signedOut = true;
      tick();
      // On a wall nobody presses the button.
      if (document.documentElement.hasAttribute("data-kiosk")) vh.signIn();
    }
    return answer;
  };

  document.addEventListener("voicehive:page", () => tick());

  vh.togglePause = function () {
    paused = !paused;
    if (!paused) vh.refresh();
    tick();
  };

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && !paused && good && Date.now() - good > beatMs) vh.refresh();
  });
  window.addEventListener("online", () => vh.refresh());
  setInterval(tick, 1000);
  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    voicehive: {
      beat: function () {
        vh.beat();
      },
    },
  });
})();
