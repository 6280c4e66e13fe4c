"""The first load of the overview in a browser that has nothing of it."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.bench.program import ROOT, running
from tests.bench.table import Baseline, Line
from tests.servers import CHROMIUM_FLAGS, Server, find, free_port

_RUNS = 3
_CHARTS = 4
_SETTLE_MS = 1_000


@dataclass(frozen=True, slots=True)
class Load:
    """What one load cost: megabytes over the wire, seconds of the main thread, seconds until all charts stand."""

    megabytes: float
    busy: float
    seen: float


def lines(calls: int, scratch: Path) -> Iterator[Line]:
    """The page, and Dash's own defaults with charts of the same size as its baseline."""
    program = find("chromium")
    if program is None:
        yield Line("first load of the overview", None, "MB", 1.0, note="skipped: Chromium is not installed")
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        ours, usual = _ours(browser, scratch), _usual(browser, scratch)
        browser.close()
    for figure, name, unit, target in (
        ("first load of the overview, over the wire", "megabytes", "MB", 1.0),
        ("first load of the overview, main thread", "busy", "s", 1.5),
        ("first load of the overview, until all charts stand", "seen", "s", None),
    ):
        baseline = Baseline("Dash as it comes", getattr(usual, name))
        yield Line(figure, getattr(ours, name), unit, target, baselines=[baseline])


def _ours(browser: Browser, scratch: Path) -> Load:
    """From a second start: the first has had its time to compress the files well."""
    folder = scratch / "page"
    with running("demo", folder, scratch) as app:
        _load(browser, app.url)
        _wait_for_files(folder)
    with running("demo", folder, scratch) as app:
        return _middle([_load(browser, app.url) for _ in range(_RUNS)])


def _wait_for_files(folder: Path) -> None:
    """Until no more compressed files appear."""
    known, since = -1, time.monotonic()
    while time.monotonic() - since < 8:
        count = len(list(folder.rglob("static/*.br")))
        if count != known:
            known, since = count, time.monotonic()
        time.sleep(0.2)


def _usual(browser: Browser, scratch: Path) -> Load:
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.express", str(port)]
    with Server(command, port=port, log=scratch / "express-page.log", cwd=ROOT):
        url = f"http://127.0.0.1:{port}"
        _load(browser, url)
        return _middle([_load(browser, url) for _ in range(_RUNS)])


def _middle(loads: list[Load]) -> Load:
    return Load(*(statistics.median(getattr(one, name) for one in loads) for name in Load.__slots__))


def _load(browser: Browser, url: str) -> Load:
    """One load with nothing kept from before."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US", timezone_id="UTC")
    page = context.new_page()
    cdp = context.new_cdp_session(page)
    sizes: list[float] = []
    cdp.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    cdp.send("Network.enable")
    cdp.send("Performance.enable")
    started = time.perf_counter()
    page.goto(url)
    page.locator(".js-plotly-plot .main-svg").nth(_CHARTS * 2).wait_for(state="attached", timeout=60_000)
    seen = time.perf_counter() - started
    page.wait_for_timeout(_SETTLE_MS)
    metrics = {metric["name"]: metric["value"] for metric in cdp.send("Performance.getMetrics")["metrics"]}
    context.close()
    return Load(sum(sizes) / 1e6, metrics["TaskDuration"], seen)
