// Saved views: the page shown, with its filter, under a name; one of them may be where / leads to.
(function () {
  "use strict";
  const vh = (window.voicehive = window.voicehive || {});

  const list = () => document.getElementById("vh-views");

  async function ask(method, path, body) {
    const note = document.getElementById("vh-views-error");
    if (note) note.textContent = "";
    try {
      const headers = { "Content-Type": "application/json" };
      const answer = await fetch("/api/views" + path, { method, headers, body: body && JSON.stringify(body) });
      const content = await answer.json();
      if (!answer.ok) throw new Error((content.error || {}).message || "Status " + answer.status + ".");
      show(content);
      return true;
    } catch (error) {
      if (note) note.textContent = error.message;
      return false;
    }
  }

  function button(picture, label, act) {
    const made = document.createElement("button");
    const image = document.createElement("span");
    image.className = "vh-i vh-i-" + picture;
    Object.assign(made, { type: "button", className: "vh-view-act", onclick: act });
    made.setAttribute("aria-label", label);
    made.dataset.tip = label;
    made.append(image);
    return made;
  }

  vh.viewButton = button;

  function show(views) {
    if (!list()) return;
    list().replaceChildren(...views.map(row));
    if (!views.length) list().textContent = "Save the page as it is now, to come back to it.";
    list().classList.toggle("vh-note", !views.length);
  }

  function row(view) {
    const line = document.createElement("div");
    const link = document.createElement("a");
    const address = view.path + (view.query ? "?" + view.query : "");
    Object.assign(link, { href: address, className: "vh-menu-item", textContent: view.name });
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      vh.closeMenus(false);
      const same = location.pathname === view.path;
      vh.open(address);
      // The same page stays: only its filter is another one.
      if (same) vh.filterChanged();
    });
    const home = button("star", view.home ? "No longer the home view" : "Make it the home view: / leads to it", () =>
      ask(view.home ? "DELETE" : "PUT", "/" + view.id + "/home"),
    );
    home.setAttribute("aria-pressed", String(view.home));
    line.className = "vh-view";
    line.append(link, home, button("x", "Delete the view " + view.name, () => ask("DELETE", "/" + view.id)));
    return line;
  }

  document.addEventListener("submit", async (event) => {
    if (event.target.dataset.form !== "view") return;
    event.preventDefault();
    const name = document.getElementById("vh-view-name");
    const shared = document.getElementById("vh-view-shared");
    if (!name.value.trim()) return;
    const body = { name: name.value, path: location.pathname, query: location.search.slice(1), shared: Boolean(shared && shared.checked) };
    if (await ask("POST", "", body)) vh.write(name, "");
  });

  document.addEventListener("toggle", (event) => event.target.id === "vh-views-menu" && event.target.open && ask("GET", ""), true);
})();
