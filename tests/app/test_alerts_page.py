"""The page of alerts, toasts and the bell in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.app.conftest import Program, run_program, stop_program

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    running = run_program(tmp_path_factory.mktemp("alerts"), "serve", REFRESH_SECONDS="1")
    yield running
    stop_program(running)


def post(program: Program, name: str, *, over: bool = False, **annotations: str) -> None:
    """Post an alert as Prometheus does."""
    now = datetime.now(UTC)
    alert: dict[str, Any] = {
        "labels": {"alertname": name, "severity": "critical", "host": "a<b>c"},
        "annotations": {"summary": f"{name} on a<b>c", **annotations},
        "startsAt": (now - timedelta(seconds=5)).isoformat(),
        "endsAt": (now if over else now + timedelta(hours=1)).isoformat(),
    }
    requests.post(program.url("/api/v2/alerts"), json=[alert], timeout=10).raise_for_status()


def test_an_alert_is_noticed_looked_after_silenced_and_kept(program: Program, page: Page, errors: list[str]) -> None:
    page.goto(program.url("/"))
    page.locator("#ov-health").get_by_text("Healthy").wait_for()
    post(program, "DiskFull")

    toast = page.get_by_role("alert").filter(has_text="Disk full")
    toast.get_by_text("DiskFull on a<b>c").wait_for()
    page.locator("#vh-bell-count").get_by_text("1", exact=False).wait_for()
    page.locator("#ov-health").get_by_text("Critical").wait_for()
    toast.get_by_role("link").click()
    page.get_by_role("heading", name="Disk full").wait_for()
    assert "fingerprint=" in page.url

    page.get_by_role("button", name="Acknowledge", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Your name").fill("Ada")
    dialog.get_by_label("Comment").fill("Making room")
    dialog.get_by_role("button", name="Acknowledge").click()
    page.locator("#al-facts").get_by_text("Making room").wait_for()
    page.get_by_text("✓ Ada").wait_for()

    page.get_by_role("button", name="Silence", exact=True).click()
    dialog.get_by_text("Matches 1 alert now").wait_for()
    matchers = dialog.get_by_label("Matchers")
    wanted = matchers.input_value()
    matchers.fill('alertname="Other"')
    dialog.get_by_text("Matches no alert at present").wait_for()
    matchers.fill("alertname=~(")
    dialog.get_by_text("bad regular expression").wait_for()
    matchers.fill(wanted)
    assert dialog.get_by_label("Your name").input_value() == "Ada"
    dialog.get_by_label("Comment").fill("Known")
    dialog.get_by_role("button", name="Silence", exact=True).click()
    page.locator("#al-body").get_by_text("silenced").wait_for()

    page.get_by_role("button", name="Silences").click()
    page.get_by_role("region", name="Active").get_by_text("Known").wait_for()
    page.get_by_role("button", name="Expire").click()
    page.get_by_role("region", name="Expired").get_by_text("Known").wait_for()

    post(program, "DiskFull", over=True)
    page.get_by_role("button", name="History").click()
    page.get_by_role("region", name="One by one").get_by_text("Ada after").wait_for()
    page.get_by_role("region", name="By rule").get_by_text("Disk full").wait_for()
    page.locator("#vh-bell-count").wait_for(state="hidden")
    # The preview of the matcher that can't be read.
    assert [text for text in errors if "400 (BAD REQUEST)" not in text] == []


def test_what_comes_from_outside_is_text(program: Program, page: Page, errors: list[str]) -> None:
    page.goto(program.url("/alerts"))
    page.locator("#al-body > *").first.wait_for()
    image = "<img src=x onerror=window.hit=1>"
    post(program, "Odd", summary=image, runbook_url="https://runbooks.example/odd", bad="javascript:window.hit=1")
    page.get_by_role("alert").get_by_text(image).wait_for()
    page.get_by_role("button").filter(has_text="Odd").click()
    page.get_by_role("link", name="https://runbooks.example/odd").wait_for()
    page.get_by_text("javascript:window.hit=1").wait_for()
    assert page.locator("a[href^='javascript']").count() == 0
    assert page.evaluate("window.hit") is None
    post(program, "Odd", over=True)
    assert errors == []


def test_only_what_is_new_makes_a_toast(program: Program, page: Page) -> None:
    post(program, "Earlier")
    page.goto(program.url("/alerts"))
    page.locator("#al-body").get_by_text("Earlier", exact=True).wait_for()
    post(program, "Later")
    page.locator("#vh-toasts").get_by_text("Later", exact=True).wait_for()
    assert page.locator("#vh-toasts").get_by_text("Earlier", exact=True).count() == 0
    for name in ("Earlier", "Later"):
        post(program, name, over=True)


def test_a_page_that_refreshes_nothing_has_the_bell_too(program: Program, page: Page) -> None:
    with page.expect_response("**/_live/shell**"):
        page.goto(program.url("/no-such-page"))
        page.get_by_text("There is no such page").wait_for()
    post(program, "Quiet")
    page.locator("#vh-toasts").get_by_text("Quiet", exact=True).wait_for()
    page.locator("#vh-bell-count").get_by_text("1").wait_for()
    post(program, "Quiet", over=True)


@pytest.mark.parametrize("view", ["current", "history", "silences", "rules", "deliveries"])
def test_every_view_fits_a_phone(program: Program, page: Page, view: str, errors: list[str]) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(program.url(f"/alerts?view={view}"))
    page.locator("#al-body > *").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert errors == []


def test_a_rule_s_alert_is_drawn_with_its_threshold_and_reached_by_keyboard(program: Program, page: Page) -> None:
    page.goto(program.url("/alerts"))
    row = page.get_by_role("button").filter(has_text="Watchdog")
    row.wait_for()
    row.focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Watchdog").wait_for()
    page.locator("#al-chart .main-svg").first.wait_for()
    page.get_by_role("button", name="Acknowledge", exact=True).click()
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    page.get_by_role("button", name="Close").click()
    page.get_by_role("heading", name="Watchdog").wait_for(state="hidden")


def test_a_lost_database_shows_within_seconds(tmp_path: Path, page: Page) -> None:
    running = run_program(tmp_path, "serve", REFRESH_SECONDS="1")
    try:
        page.goto(running.url("/"))
        page.locator("#ov-health").get_by_text("Healthy").wait_for()
        (tmp_path / "voicehive.db").rename(tmp_path / "away.db")
        page.locator("#ov-health").get_by_text("Critical").wait_for()
        page.locator("#vh-toasts").get_by_text("Database connection issue").wait_for()
        page.get_by_text("The call record does not answer").first.wait_for()
        (tmp_path / "away.db").rename(tmp_path / "voicehive.db")
        page.locator("#ov-health").get_by_text("Healthy").wait_for()
    finally:
        stop_program(running)
