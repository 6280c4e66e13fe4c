"""axe-core, the judge of accessible pages (tests/vendor), on a page in the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.conftest import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

_AXE = ROOT / "tests" / "vendor" / "axe.min.js"

#: What it finds: the rule, how many elements, and of three of them what is wrong.
_JUDGED = """async (options) => (await axe.run(document, {resultTypes: ["violations"], ...options})).violations.map(
    ({id, nodes}) => [id, nodes.length, ...nodes.slice(0, 3).map(one => `${one.target}: ${one.failureSummary}`)])"""
#: All rules in the one theme; names and roles are the same in the other.
_THEMES: dict[str, Any] = {"dark": {}, "light": {"runOnly": ["color-contrast", "link-in-text-block"]}}

#: Nothing that is shown moves any more.
_STILL = """() => !document.querySelector(".vh-boot") && document.getAnimations().every(
    one => one.playState !== "running" || one.effect.getTiming().iterations === Infinity)"""


def violations(page: Page) -> list[Any]:
    """What it finds in both themes, wide and on a phone: theme, width, rule, how many, and some of them."""
    page.locator("h1").first.wait_for(state="attached")
    page.wait_for_load_state("networkidle")
    page.evaluate(_AXE.read_text())
    found = []
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme, options in _THEMES.items():
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            page.wait_for_function(_STILL)
            found += [(scheme, width, *violation) for violation in page.evaluate(_JUDGED, options)]
    return found
