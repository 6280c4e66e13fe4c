// Alerts on every page: a toast when one begins to fire. On their own page: forms that acknowledge and silence.
(function () {
  "use strict";
  const vh = (window.voicehive = window.voicehive || {});
  const NAME = "voicehive.name";
  const MOST_TOASTS = 3;
  const TOAST_MS = 12000;
  const byId = (id) => document.getElementById(id);

  // --- News: what fires now and did not when the page was opened.
  let known = null;

  vh.news = function (text) {
    const alerts = JSON.parse(text || "[]");
    if (known === null) {
      const shown = byId("vh-news");
      known = new Set(JSON.parse((shown && shown.dataset.alerts) || "null")?.map((alert) => alert.key) || alerts.map((alert) => alert.key));
    }
    const fresh = alerts.filter((alert) => !known.has(alert.key));
    known = new Set(alerts.map((alert) => alert.key));
    const loud = fresh.filter((alert) => !alert.quiet);
    if (loud.length > MOST_TOASTS) {
      toast({ name: loud.length + " new alerts", severity: loud[0].severity, summary: loud.map((alert) => alert.name).join(", "), href: "/alerts" });
    } else loud.forEach(toast);
  };

  // Texts of alerts come from outside: they are only ever set as text.
  function made(tag, cls, text) {
    const element = document.createElement(tag);
    element.className = cls;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  function toast(alert) {
    let box = byId("vh-toasts");
    if (!box) {
      box = document.body.appendChild(made("div", "vh-toasts"));
      box.id = "vh-toasts";
      box.setAttribute("role", "region");
      box.setAttribute("aria-label", "New alerts");
    }
    const critical = alert.severity === "critical";
    const card = made("div", "vh-news-toast vh-news-" + (critical ? "critical" : "warning"));
    card.setAttribute("role", critical ? "alert" : "status");
    const link = made("a", "vh-news-link");
    link.href = alert.href;
    link.dataset.nav = "1";
    link.append(made("strong", "", alert.name), made("span", "", alert.summary));
    const close = made("button", "vh-button vh-quiet vh-icon-button");
    close.type = "button";
    close.setAttribute("aria-label", "Dismiss");
    close.append(made("span", "vh-i vh-i-x"));
    close.addEventListener("click", () => card.remove());
    link.addEventListener("click", () => card.remove());
    card.append(link, close);
    box.append(card);
    while (box.childElementCount > MOST_TOASTS + 1) box.firstElementChild.remove();
    // What is critical stays until somebody has seen it.
    if (!critical) setTimeout(() => card.remove(), TOAST_MS);
  }

  // --- Asking the API.
  async function ask(method, path, body) {
    const options = { method, headers: { Accept: "application/json" } };
    if (body !== undefined) {
      options.body = JSON.stringify(body);
      options.headers["Content-Type"] = "application/json";
    }
    let answer;
    try {
      answer = await fetch(path, options);
    } catch (e) {
      throw new Error("The server can't be reached.");
    }
    const content = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error((content.error && content.error.message) || "The server answered with status " + answer.status + ".");
    return content;
  }

  vh.ask = ask;

  async function act(button, method, path, body) {
    button.disabled = true;
    try {
      await ask(method, path, body);
      vh.refresh();
      return true;
    } catch (error) {
      window.dash_clientside.set_props("vh-toast", { is_open: true, children: error.message });
      return false;
    } finally {
      button.disabled = false;
    }
  }

  Object.assign(vh, { ask, act });

  function name(value) {
    try {
      if (value === undefined) return localStorage.getItem(NAME) || "";
      localStorage.setItem(NAME, value);
    } catch (e) {
      // storage is forbidden here: the name is asked for again
    }
    return value || "";
  }

  // --- Dialogs.
  let acknowledged = "";

  function open(kind) {
    byId("al-" + kind + "-error").textContent = "";
    byId("al-" + kind + "-comment").value = "";
    const who = byId("al-" + kind + "-who");
    if (!who.value) vh.write(who, name());
    byId("al-" + kind).showModal();
    (who.value ? byId("al-" + kind + "-comment") : who).focus();
  }

  const actions = {
    ack(button) {
      acknowledged = button.dataset.fingerprint;
      byId("al-ack-what").textContent = button.dataset.name;
      open("ack");
    },
    unack: (button) => act(button, "DELETE", "/api/alerts/" + button.dataset.fingerprint + "/ack"),
    silence(button) {
      byId("al-silence-matchers").value = button.dataset.matchers || "";
      byId("al-silence-duration").value = "2h";
      open("silence");
      preview();
      if (!button.dataset.matchers) byId("al-silence-matchers").focus();
    },
    expire: (button) => act(button, "DELETE", "/api/silences/" + button.dataset.silence),
    reload: async (button) => (await act(button, "POST", "/api/rules/reload")) && done(button, "Reloaded"),
    test: async (button) => (await act(button, "POST", "/api/alerts/receivers/test", { receiver: button.dataset.receiver })) && done(button, "Sent"),
    close: (button) => button.closest("dialog").close(),
  };

  function done(button, word) {
    const before = button.textContent;
    button.textContent = word;
    setTimeout(() => button.isConnected && (button.textContent = before), 2000);
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest(".vh-problem-link")) window.dash_clientside.set_props("vh-bell", { is_open: false });
    // The bell lists what the toasts say.
    if (event.target.closest("[data-vh=bell]")) byId("vh-toasts")?.replaceChildren();
    const button = event.target.closest("[data-alert]");
    if (button && actions[button.dataset.alert]) actions[button.dataset.alert](button);
    // A click beside a dialog closes it.
    else if (event.target.matches("dialog.al-dialog")) event.target.close();
  });

  const submits = {
    async ack(who) {
      await ask("POST", "/api/alerts/" + acknowledged + "/ack", { who, comment: byId("al-ack-comment").value });
    },
    async silence(who) {
      await ask("POST", "/api/silences", {
        matchers: lines(),
        duration: byId("al-silence-duration").value,
        created_by: who,
        comment: byId("al-silence-comment").value,
      });
    },
  };

  document.addEventListener("submit", async (event) => {
    const kind = event.target.dataset.dialog;
    if (!submits[kind]) return;
    event.preventDefault();
    const say = (text) => (byId("al-" + kind + "-error").textContent = text);
    const who = byId("al-" + kind + "-who").value.trim();
    if (!who) return say("Say who you are.");
    if (kind === "silence" && !lines().length) return say("Say what is to be silenced.");
    if (kind === "silence" && !byId("al-silence-comment").value.trim()) return say("Say why.");
    name(who);
    try {
      await submits[kind](who);
    } catch (error) {
      return say(error.message);
    }
    byId("al-" + kind).close();
    vh.refresh();
  });

  // --- What a silence would match, while it is written.
  const lines = () => byId("al-silence-matchers").value.split("\n").map((line) => line.trim()).filter(Boolean);
  let waiting = 0;
  let asked = 0;

  document.addEventListener("input", (event) => {
    if (event.target.id !== "al-silence-matchers") return;
    clearTimeout(waiting);
    waiting = setTimeout(preview, 250);
  });

  async function preview() {
    const box = byId("al-silence-preview");
    const mine = ++asked;
    const query = new URLSearchParams(lines().map((line) => ["matcher", line]));
    let found;
    try {
      found = lines().length ? await ask("GET", "/api/silences/preview?" + query) : null;
    } catch (error) {
      if (mine === asked) box.replaceChildren(made("p", "vh-field-error", error.message));
      return;
    }
    if (mine !== asked) return;
    if (!found) return box.replaceChildren(made("p", "vh-note", "Write a matcher to see which alerts it would silence."));
    const count = found.alerts.length;
    const list = made("ul", "al-preview-list");
    for (const alert of found.alerts.slice(0, 8)) {
      const line = made("li", "");
      line.append(made("span", "vh-dot vh-dot-alert vh-dot-" + ({ critical: "error", warning: "abandoned" }[alert.severity] || "missed")));
      line.append(made("span", "", alert.name + " · " + alert.state));
      list.append(line);
    }
    const words = count ? "Matches " + count + " alert" + (count === 1 ? "" : "s") + " now:" : "Matches no alert at present.";
    box.replaceChildren(made("p", "vh-note", words), list);
  }
})();
