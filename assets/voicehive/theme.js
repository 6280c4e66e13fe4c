// Runs before anything is painted: the theme chosen earlier, and the kiosk mode of the address.
(function () {
  "use strict";
  const root = document.documentElement;
  const vh = (window.voicehive = window.voicehive || {});
  const KEY = "voicehive.theme";

  function stored() {
    try {
      return localStorage.getItem(KEY);
    } catch (e) {
      return null; // storage is forbidden here
    }
  }
  const system = matchMedia("(prefers-color-scheme: dark)");
  function apply(theme) {
    root.setAttribute("data-bs-theme", theme);
    document.dispatchEvent(new CustomEvent("voicehive:theme"));
  }
  vh.toggleTheme = function () {
    const next = root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark";
    try {
      localStorage.setItem(KEY, next);
    } catch (e) {
      // kept for this page only
    }
    apply(next);
  };
  apply(stored() || (system.matches ? "dark" : "light"));
  system.addEventListener("change", () => stored() || apply(system.matches ? "dark" : "light"));
  window.addEventListener("storage", (e) => e.key === KEY && e.newValue && apply(e.newValue));
  if (new URLSearchParams(location.search).get("kiosk") === "1") root.setAttribute("data-kiosk", "");
})();
