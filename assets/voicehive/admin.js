// The page of administration: buttons that ask the API, forms in dialogs, secrets that are shown once.
(function () {
  "use strict";
  const vh = (window.voicehive = window.voicehive || {});
  const byId = (id) => document.getElementById(id);
  const SCOPES = ["ingest", "read", "operate", "scrape", "admin"];
  let confirmed = null; // what is done when the question is agreed to
  let named = ""; // whose password is set

  // What was just changed may be shown from an answer that is a second old: asked for again.
  function refresh() {
    vh.refresh();
    setTimeout(vh.refresh, 1200);
  }

  async function ask(method, path, body, tell) {
    const answer = await vh.ask(method, path, body);
    if (answer.link || answer.secret) reveal(answer.link || answer.secret, tell);
    refresh();
    return answer;
  }

  function reveal(secret, tell) {
    byId("ad-secret-what").textContent = tell || "Keep it: it can't be shown again.";
    byId("ad-secret-code").textContent = secret;
    byId("ad-secret").showModal();
  }

  function question(text, act) {
    confirmed = act;
    byId("ad-confirm-text").textContent = text;
    byId("ad-confirm-error").textContent = "";
    byId("ad-confirm").showModal();
  }

  const actions = {
    async ask(button) {
      const { method, path, body, confirm, tell } = button.dataset;
      vh.closeMenus(false);
      const act = () => ask(method, path, body ? JSON.parse(body) : undefined, tell);
      if (confirm) return question(confirm, act);
      try {
        await act();
      } catch (error) {
        window.dash_clientside.set_props("vh-toast", { is_open: true, children: error.message });
      }
    },
    open(button) {
      const name = button.dataset.formName;
      const dialog = byId("ad-" + name);
      vh.closeMenus(false);
      byId("ad-" + name + "-error").textContent = "";
      for (const field of dialog.querySelectorAll("input")) {
        if (field.type === "checkbox") field.checked && field.click();
        else vh.write(field, "");
      }
      if (name === "password") byId("ad-password-what").textContent = "Of " + (named = button.dataset.name) + ", who is signed out everywhere by it.";
      dialog.showModal();
    },
    close: (button) => button.closest("dialog").close(),
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-admin]");
    if (button && actions[button.dataset.admin]) actions[button.dataset.admin](button);
  });
  // What was shown once is gone with its dialog.
  document.addEventListener("close", (event) => event.target.id === "ad-secret" && (byId("ad-secret-code").textContent = ""), true);

  const value = (id) => byId(id).value;
  const forms = {
    user() {
      const body = { name: value("ad-user-name"), role: value("ad-user-role") };
      if (value("ad-user-password")) body.password = value("ad-user-password");
      return ask("POST", "/api/admin/users", body, "Whoever opens this link within a day sets the password of " + body.name + ", once.");
    },
    password: () => ask("PATCH", "/api/admin/users/" + encodeURIComponent(named), { password: value("ad-password-password") }),
    key() {
      const scopes = SCOPES.filter((scope) => byId("ad-scope-" + scope).checked);
      if (!scopes.length) throw new Error("Say what the key may do.");
      return ask("POST", "/api/admin/keys", { name: value("ad-key-name"), scopes }, "A program sends this key as a bearer token. Keep it: it can't be shown again.");
    },
    async forget() {
      const body = { caller: value("ad-forget-caller"), anonymise: value("ad-forget-how") === "anonymise" };
      const { calls } = await vh.ask("POST", "/api/admin/forget", { ...body, dry_run: true });
      if (!calls) throw new Error("The database has no calls of this caller.");
      const verb = body.anonymise ? "Anonymise " : "Delete ";
      question(verb + calls + (calls === 1 ? " call" : " calls") + " of this caller? This can't be undone.", () => ask("POST", "/api/admin/forget", body));
    },
    confirm: () => confirmed(),
  };

  document.addEventListener("submit", async (event) => {
    const name = event.target.dataset.adminForm;
    if (!forms[name]) return;
    event.preventDefault();
    const go = byId("ad-" + name + "-go");
    const say = byId("ad-" + name + "-error");
    say.textContent = "";
    go.disabled = true;
    try {
      await forms[name]();
      byId("ad-" + name).close();
    } catch (error) {
      say.textContent = error.message;
    } finally {
      go.disabled = false;
    }
  });

  // --- The search of the log: while somebody types, one entry of the history.
  let typing = 0;
  document.addEventListener("input", (event) => {
    if (event.target.id !== "ad-find") return;
    clearTimeout(typing);
    typing = setTimeout(() => {
      const find = event.target.value.trim();
      vh.changeFilter((query) => {
        query.delete("before");
        if (find) query.set("find", find);
        else query.delete("find");
      }, true);
    }, 250);
  });

  function shown() {
    const page = document.querySelector(".ad-page");
    if (!page) return;
    const field = byId("ad-find");
    if (field && field !== document.activeElement) vh.write(field, new URLSearchParams(location.search).get("find") || "");
    for (const row of document.querySelectorAll("[data-session]")) row.toggleAttribute("data-mine", row.dataset.session === page.dataset.own);
  }
  document.addEventListener("voicehive:page", shown);
  document.addEventListener("voicehive:refreshed", () => requestAnimationFrame(shown));
})();
