"""What a page that stays open holds on to: its JavaScript heap after many refreshes beside that once it is warm."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from tests.bench.program import App, running
from tests.bench.table import Line
from tests.servers import CHROMIUM_FLAGS, find

#: Time for what is made once and kept: V8 compiles what runs often in the first hundred refreshes or so, and takes up
#: two megabytes for it that it gives back in part.
_WARM_MINUTES = 5
_SECONDS = 180
_LOOKS = 5
_TARGET = 10.0
_PAGES = {"overview": "/", "calls": "/calls"}


def lines(calls: int, scratch: Path, seconds: int = _SECONDS) -> Iterator[Line]:
    """Growth in percent of each page, all open at the same time before a demo that refreshes every second."""
    program = find("chromium")
    if program is None:
        yield Line("heap of an open page", None, "%", _TARGET, note="skipped: Chromium is not installed")
        return
    with sync_playwright() as playwright, running("demo", scratch / "heap", scratch, REFRESH_SECONDS="1") as app:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        for name, (before, after, refreshes) in _grown(browser, app, seconds).items():
            note = f"{before:.1f} MB, after {refreshes} refreshes {after:.1f} MB"
            figure = f"heap of an open page after {_WARM_MINUTES} min, {name}"
            yield Line(figure, 100 * (after / before - 1), "%", _TARGET, note=note)
        browser.close()


def _grown(browser: Browser, app: App, seconds: int) -> dict[str, tuple[float, float, int]]:
    """Megabytes before and after, and how often the page was refreshed between."""
    open_pages = {name: _opened(browser, app.url + path) for name, path in _PAGES.items()}
    counts = dict.fromkeys(_PAGES, 0)

    def watch(name: str, page: Page) -> None:
        def count(response: object) -> None:
            counts[name] += "/_live/" in getattr(response, "url", "")

        page.on("response", count)

    any_page = next(iter(open_pages.values()))[0]
    any_page.wait_for_timeout(_WARM_MINUTES * 60_000)
    before = {name: _megabytes(page, cdp) for name, (page, cdp) in open_pages.items()}
    for name, (page, _) in open_pages.items():
        watch(name, page)
    any_page.wait_for_timeout(seconds * 1000)
    return {name: (before[name], _megabytes(page, cdp), counts[name]) for name, (page, cdp) in open_pages.items()}


def _opened(browser: Browser, url: str) -> tuple[Page, CDPSession]:
    """Each in a context of its own: nothing of it is in the background."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US", timezone_id="UTC").new_page()
    page.goto(url)
    page.locator("h1").first.wait_for(state="attached")
    cdp = page.context.new_cdp_session(page)
    cdp.send("HeapProfiler.enable")
    return page, cdp


def _megabytes(page: Page, cdp: CDPSession) -> float:
    """The heap that is in use once nothing more can be collected; the least of several looks: one may fall into a
    refresh, which holds what it is about to replace."""
    found = []
    for _ in range(_LOOKS):
        cdp.send("HeapProfiler.collectGarbage")
        found.append(float(cdp.send("Runtime.getHeapUsage")["usedSize"]) / 1e6)
        page.wait_for_timeout(700)
    return min(found)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        for line in lines(0, Path(folder), int(sys.argv[1]) if len(sys.argv) > 1 else _SECONDS):
            print(f"{line.figure}: {line.value:+.1f} % ({line.note})")
