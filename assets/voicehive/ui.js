// Small behaviour of the page: menus, tooltips, copy buttons. Everything is delegated, so a refresh needs no rebinding.
(function () {
  "use strict";
  const vh = (window.voicehive = window.voicehive || {});

  const actions = {
    theme: () => vh.toggleTheme(),
    pause: () => vh.togglePause(),
    retry: () => vh.refresh(),
    reset: () => vh.resetFilters(),
    "sign-in": () => vh.signIn(),
    compare: () => vh.toggleCompare(),
    bell: () => window.dash_clientside.set_props("vh-bell", { is_open: true }),
    copy: (button) => copy(button),
    table: (button) => vh.toggleTable(button),
    image: (button) => vh.saveImage(button.closest(".vh-card")),
    "full-screen": (button) => vh.fillScreen(button.closest(".vh-card")),
  };

  vh.signIn = () => location.assign("/login?next=" + encodeURIComponent(location.pathname + location.search));

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-vh]");
    if (button && actions[button.dataset.vh]) actions[button.dataset.vh](button);
    for (const menu of document.querySelectorAll("details.vh-menu[open]")) {
      if (!menu.contains(event.target) || (button && menu.matches(".vh-chart-menu"))) menu.open = false;
    }
  });

  vh.closeMenus = function (focus) {
    for (const menu of document.querySelectorAll("details.vh-menu[open]")) {
      menu.open = false;
      if (focus) menu.querySelector("summary").focus();
    }
  };

  async function copy(button) {
    const text = button.parentElement.querySelector("code").textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch (e) {
      // Without https there is no clipboard API; the old way still works.
      const area = document.body.appendChild(document.createElement("textarea"));
      area.value = text;
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.dataset.done = "1";
    setTimeout(() => delete button.dataset.done, 1500);
  }

  // --- One tooltip for everything that has data-tip: on hover, on focus, on tap.
  let tip = null;
  let owner = null;

  function showTip(target) {
    owner = target;
    if (!tip) {
      tip = document.createElement("div");
      tip.id = "vh-tip";
      tip.setAttribute("role", "tooltip");
    }
    // Over a card that fills the screen nothing is seen that is not in it.
    (document.fullscreenElement || document.body).append(tip);
    tip.textContent = target.dataset.tip;
    tip.hidden = false;
    const at = target.getBoundingClientRect();
    const size = tip.getBoundingClientRect();
    const left = Math.min(Math.max(8, at.left + at.width / 2 - size.width / 2), innerWidth - size.width - 8);
    // The "?" stands over the figure that it explains: its tip goes above.
    const above = target.matches(".vh-help") && at.top - size.height - 8 > 0;
    const below = !above && at.bottom + 8 + size.height < innerHeight;
    tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(below ? at.bottom + 8 : at.top - size.height - 8)}px)`;
  }

  function hideTip() {
    owner = null;
    if (tip) tip.hidden = true;
  }

  function tipped(event) {
    const target = event.target.closest && event.target.closest("[data-tip]");
    if (target && target !== owner) showTip(target);
    else if (!target && owner && event.type !== "focusin") hideTip();
  }
  document.addEventListener("pointerover", tipped);
  document.addEventListener("focusin", (event) => event.target.matches(":focus-visible, .vh-help") && tipped(event));
  document.addEventListener("focusout", hideTip);
  document.addEventListener("scroll", hideTip, { passive: true, capture: true });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    hideTip();
    vh.closeMenus(true);
  });

  // The controls arrive with the layout: mark the preset in use, and fill in its ends, when a menu opens.
  document.addEventListener("toggle", (event) => event.target.open && vh.menuOpened(event.target), true);
})();
