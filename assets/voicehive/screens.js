// Wall screens, in the menu of views: links that show this page where nobody signs in.
(function () {
  "use strict";
  const vh = (window.voicehive = window.voicehive || {});
  const byId = (id) => document.getElementById(id);

  async function ask(method, path, body) {
    byId("vh-screens-error").textContent = "";
    try {
      const answer = await vh.ask(method, "/api/screens" + path, body);
      show(method === "GET" ? answer : await vh.ask("GET", "/api/screens"));
      return answer;
    } catch (error) {
      byId("vh-screens-error").textContent = error.message;
      return null;
    }
  }

  function show(screens) {
    byId("vh-screens").replaceChildren(...screens.map(row));
  }

  function row(screen) {
    const line = document.createElement("div");
    const name = document.createElement("span");
    const used = document.createElement("span");
    Object.assign(name, { className: "vh-screen-name", textContent: screen.name });
    name.dataset.tip = screen.view;
    used.className = "vh-note vh-ago";
    if (screen.used_at) used.dataset.age = Date.parse(screen.used_at);
    else used.textContent = "not opened yet";
    const end = vh.viewButton("x", "Take off the wall screen " + screen.name, () => {
      if (confirm("Take off the wall screen " + screen.name + "? Its link is over, for good.")) ask("DELETE", "/" + screen.id);
    });
    line.className = "vh-view";
    line.append(name, used, end);
    return line;
  }

  document.addEventListener("submit", async (event) => {
    if (event.target.dataset.form !== "screen") return;
    event.preventDefault();
    const name = byId("vh-screen-name");
    if (!name.value.trim()) return;
    const made = await ask("POST", "", { name: name.value, view: location.pathname + location.search });
    if (!made) return;
    byId("vh-screen-link").textContent = made.link;
    byId("vh-screen-made").hidden = false;
    vh.write(name, "");
  });

  document.addEventListener(
    "toggle",
    (event) => {
      if (event.target.id !== "vh-views-menu" || !byId("vh-root").classList.contains("vh-may-operate") || !byId("vh-account")) return;
      // What was shown once is gone with its menu.
      byId("vh-screen-made").hidden = true;
      byId("vh-screen-link").textContent = "";
      if (event.target.open) ask("GET", "");
    },
    true,
  );
})();
