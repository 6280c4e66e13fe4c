"""The overview in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from tests.app.conftest import Program, call, run_program, stop_program

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    running = run_program(tmp_path_factory.mktemp("page"), "serve", REFRESH_SECONDS="1")
    yield running
    stop_program(running)


def test_an_empty_store_says_how_to_get_calls_in(program: Program, page: Page, errors: list[str]) -> None:
    page.goto(program.url("/"))
    page.get_by_text("python -m app import").first.wait_for()
    assert errors == []


def test_numbers_change_without_a_reload(program: Program, page: Page, errors: list[str]) -> None:
    requests.post(program.url("/api/calls"), json=[call(f"first{i}") for i in range(3)], timeout=10)
    page.goto(program.url("/"))
    total = page.locator("#ov-total")
    total.get_by_text("3", exact=True).wait_for()
    page.evaluate("window.stayed = true")
    requests.post(program.url("/api/calls"), json=[call(f"second{i}") for i in range(4)], timeout=10)
    total.get_by_text("7", exact=True).wait_for()
    assert page.evaluate("window.stayed") is True
    assert errors == []


@pytest.mark.timeout(700)
def test_the_demo_moves_by_itself(demo: Program, page: Page, errors: list[str]) -> None:
    page.goto(demo.url("/"))
    page.locator("#ov-active .vh-kpi-value").wait_for()
    moving = "[...document.querySelectorAll('#ov-active .vh-kpi-value, #ov-feed')].map((each) => each.innerText).join()"
    before = page.evaluate(moving)
    # In the night of a weekend a call comes each second minute, as in a real office.
    page.wait_for_function(f"text => {moving} !== text", arg=before, timeout=600_000)
    assert errors == []


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_nothing_sticks_out_sideways_and_nothing_comes_from_outside(
    demo: Program, page: Page, width: int, scheme: str, errors: list[str]
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(demo.url("/"))
    page.locator("#ov-volume .main-svg").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert [url for url in asked if not url.startswith((demo.url(""), "data:", "blob:"))] == []
    assert errors == []


def test_it_recovers_from_a_restart_of_the_server(tmp_path: Path, page: Page) -> None:
    first = run_program(tmp_path, "serve", REFRESH_SECONDS="1")
    requests.post(first.url("/api/calls"), json=call("a"), timeout=10)
    page.goto(first.url("/"))
    page.locator("#ov-total").get_by_text("1", exact=True).wait_for()
    stop_program(first)
    page.get_by_text("Live updates interrupted").wait_for()
    second = run_program(tmp_path, "serve", REFRESH_SECONDS="1", PORT=str(first.port))
    try:
        requests.post(second.url("/api/calls"), json=call("b"), timeout=10)
        page.locator("#ov-total").get_by_text("2", exact=True).wait_for()
    finally:
        stop_program(second)


def test_a_copied_link_shows_the_same_filter(demo: Program, page: Page) -> None:
    page.goto(demo.url("/?from=now-7d&to=now&agent=roxy"))
    page.get_by_text("Last 7 days").first.wait_for()
    page.get_by_text("roxy").first.wait_for()
    expected = demo.get("/api/kpis?from=now-7d&agent=roxy").json()["total_calls"]
    shown = page.locator("#ov-total .vh-kpi-value").inner_text()
    # The demo goes on between the two looks.
    assert abs(int(shown.replace(",", "")) - expected) <= 3
