"""The page of reports in a real browser: a schedule from its making to its end, at a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import requests

from tests.app.conftest import Program, call, run_program, stop_program

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.slow

WIDTHS = pytest.mark.parametrize("width", [1440, 390])


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """It refreshes its pages once an hour: what a page shows after a click is the answer to that click."""
    out = tmp_path_factory.mktemp("out")
    running = run_program(tmp_path_factory.mktemp("var"), "serve", REFRESH_SECONDS="3600", REPORT_DIR=str(out))
    calls = [call(f"c{n}", queue="billing") for n in range(3)]
    requests.post(running.url("/api/calls"), json=calls, timeout=10).raise_for_status()
    yield running
    stop_program(running)


def opened(program: Program, page: Page, width: int) -> tuple[Locator, Locator]:
    """The page this wide; its schedules and its ledger."""
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(program.url("/reports?queue=billing"))
    page.locator("#rp-ledger > *").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    return page.locator("#rp-schedules"), page.locator("#rp-ledger")


@WIDTHS
def test_a_schedule_from_its_making_to_its_end(program: Program, page: Page, width: int, errors: list[str]) -> None:
    schedules, ledger = opened(program, page, width)
    page.get_by_role("button", name="New schedule").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Save").click()
    dialog.get_by_text("Give it a name.").wait_for()
    dialog.get_by_label("Name").fill(f"Billing {width}")
    assert dialog.get_by_label("Only calls with").input_value() == "queue=billing"
    dialog.locator("#rp-period").select_option("daily")
    for button in ("PDF", "CSV", "Folder"):
        dialog.get_by_role("button", name=button, exact=True).click()
    with page.context.expect_page() as shown:
        dialog.get_by_role("button", name="Preview").click()
    preview = shown.value
    preview.get_by_role("heading", name="Daily call report").wait_for()
    preview.get_by_text("Queue: billing").wait_for()
    preview.close()
    dialog.get_by_role("button", name="Save").click()
    row = schedules.get_by_role("listitem").filter(has_text=f"Billing {width}")
    row.get_by_text("Daily as CSV, every day at 07:00 (UTC) to the folder").wait_for()

    row.get_by_role("button", name="Edit").click()
    dialog.get_by_label("Name").fill(f"Invoices {width}")
    # The usual time follows the period.
    dialog.locator("#rp-period").select_option("monthly")
    dialog.get_by_label("Zone").fill("Mars/Base")
    dialog.get_by_role("button", name="Save").click()
    dialog.get_by_text("IANA time zone").wait_for()
    dialog.get_by_label("Zone").fill("Europe/Berlin")
    dialog.get_by_role("button", name="Save").click()
    row = schedules.get_by_role("listitem").filter(has_text=f"Invoices {width}")
    row.get_by_text("Monthly as CSV, on day 1 of the month at 07:00 (Europe/Berlin)").wait_for()
    assert schedules.get_by_text(f"Billing {width}").count() == 0

    row.get_by_role("button", name="Pause").click()
    row.get_by_text("paused").wait_for()
    row.get_by_role("button", name="Run now").click()
    line = ledger.get_by_role("listitem").filter(has_text=f"Invoices {width}")
    line.get_by_text("by local, to the folder").wait_for()
    wait_for_delivery(page, line)
    with page.expect_download() as saved:
        line.get_by_role("link", name="CSV").click()
    assert b"Queue: billing" in saved.value.path().read_bytes()
    row.get_by_role("button", name="Go on").click()
    row.get_by_text("next").wait_for()

    page.once("dialog", lambda asked: asked.dismiss())
    row.get_by_role("button", name="Delete").click()
    page.once("dialog", lambda asked: asked.accept())
    row.get_by_role("button", name="Delete").click()
    row.wait_for(state="detached")
    assert line.count() == 1
    # The zone that there is none of.
    assert [text for text in errors if "400 (BAD REQUEST)" not in text] == []


def wait_for_delivery(page: Page, line: Locator) -> None:
    """Ask for the page again until the line says so."""
    while not line.get_by_text("delivered").count():
        page.reload()
        line.wait_for()


@WIDTHS
def test_a_report_at_once_is_of_the_filter_of_the_page(
    program: Program, page: Page, width: int, errors: list[str]
) -> None:
    opened(program, page, width)
    with page.context.expect_page() as shown:
        page.get_by_role("button", name="Open", exact=True).click()
    report = shown.value
    report.get_by_role("heading", name="Weekly call report").wait_for()
    report.get_by_text("Queue: billing").wait_for()
    assert errors == []
