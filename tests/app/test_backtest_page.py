"""The backtest of an alert in a real browser."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.app.conftest import Program, run_program, stop_program
from tests.app.test_backtest import fill
from tests.data.support import empty_record

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("backtest")
    record = empty_record(folder / "voicehive.db")
    fill(record, time.time())
    record.close()
    running = run_program(folder, "serve", REFRESH_SECONDS="1")
    yield running
    stop_program(running)


def test_an_alert_is_tried_as_it_is_and_with_another_threshold(program: Program, page: Page) -> None:
    page.goto(program.url("/alerts?view=backtest"))
    page.select_option("#bt-rule", label="High error rate")
    page.select_option("#bt-days", label="1 day")
    assert page.locator("#bt-threshold").get_attribute("placeholder") == "now > 5"
    page.fill("#bt-threshold", "50")
    page.click("#bt-run")
    page.locator(".bt-version >> nth=1").wait_for()
    today, changed = page.locator(".bt-sentence").all_inner_texts()
    assert today.startswith("As it is it would have fired once, ")
    assert changed == "With 50 it would not have fired."
    assert [lane.locator(".bt-mark").count() for lane in page.locator(".bt-lane").all()] == [1, 0]
    # A refresh takes nothing of it away.
    page.wait_for_timeout(2_500)
    assert page.locator(".bt-version").count() == 2
    assert page.input_value("#bt-threshold") == "50"


def test_what_can_not_be_run_is_said(program: Program, page: Page) -> None:
    page.goto(program.url("/alerts?view=backtest"))
    page.select_option("#bt-rule", label="High error rate")
    page.fill("#bt-threshold", "five")
    page.click("#bt-run")
    page.get_by_text("The threshold has to be a number").wait_for()
