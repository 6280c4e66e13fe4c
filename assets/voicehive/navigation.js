// Ways between pages: the filter goes along, Back works, and the navigation marks the page that is shown.
(function () {
  "use strict";
  const vh = (window.voicehive = window.voicehive || {});

  function keys() {
    const header = document.querySelector("[data-keys]");
    return header ? header.dataset.keys.split(",") : [];
  }

  // The part of this page's query string that is the filter.
  function carried() {
    const here = new URLSearchParams(location.search);
    const kept = new URLSearchParams();
    for (const key of keys()) for (const value of here.getAll(key)) kept.append(key, value);
    return kept;
  }

  vh.searchOf = function (query) {
    const text = query.toString().replace(/%2F/g, "/").replace(/%3A/g, ":");
    return text ? "?" + text : "";
  };

  // An address of the app with the filter of this page; what it says itself wins.
  vh.addressOf = function (href) {
    const target = new URL(href, location.origin);
    const query = carried();
    for (const key of new Set(target.searchParams.keys())) {
      query.delete(key);
      for (const value of target.searchParams.getAll(key)) query.append(key, value);
    }
    return target.pathname + vh.searchOf(query);
  };

  // Another page, without loading everything anew.
  vh.open = function (address) {
    if (address === location.pathname + location.search) return;
    history.pushState(null, "", address);
    // What dcc.Location listens to.
    dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    scrollTo(0, 0);
    vh.arrived();
  };

  // An address that somebody typed may hold a "%" that escapes nothing.
  function readable(escaped) {
    try {
      return decodeURIComponent(escaped);
    } catch (e) {
      return escaped;
    }
  }

  function mark() {
    const path = location.pathname.replace(/\/+$/, "") || "/";
    let title = "";
    for (const link of document.querySelectorAll("a[data-page]")) {
      const target = new URL(link.href).pathname;
      const within = target !== "/" && path.startsWith(target + "/");
      if (target === path) title = link.textContent;
      if (target === path || within) link.setAttribute("aria-current", target === path ? "page" : "true");
      else link.removeAttribute("aria-current");
    }
    const call = path.startsWith("/calls/") ? "Call " + readable(path.split("/").slice(3).join("/")) : "";
    document.title = (title || call ? (title || call) + " · " : "") + "VoiceHive";
  }

  // Called wherever the address has changed, by whatever: listeners are told once the new page may be there.
  vh.arrived = function () {
    mark();
    document.dispatchEvent(new CustomEvent("voicehive:address"));
  };

  // A link as it was written: a click on it may have written the filter into its address.
  const written = new WeakMap();
  function original(link) {
    const href = link.getAttribute("href");
    const known = written.get(link);
    return known && known.filtered === href ? known.plain : href;
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-nav]");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    vh.closeMenus(false);
    vh.open(vh.addressOf(original(link)));
  });

  // A copied link, or one opened in another tab, takes the filter along, too.
  document.addEventListener(
    "pointerdown",
    (event) => {
      const link = event.target.closest && event.target.closest("a[data-nav]");
      if (!link) return;
      const plain = original(link);
      written.set(link, { plain, filtered: vh.addressOf(plain) });
      link.setAttribute("href", written.get(link).filtered);
    },
    true,
  );

  addEventListener("popstate", vh.arrived);

  // Dash fills #vh-page, at the start and whenever another page is shown.
  function shown() {
    document.dispatchEvent(new CustomEvent("voicehive:page"));
  }
  new MutationObserver((_, watch) => {
    const content = document.getElementById("vh-page");
    if (!content) return;
    watch.disconnect();
    new MutationObserver(shown).observe(content, { childList: true });
    vh.arrived();
    shown();
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
