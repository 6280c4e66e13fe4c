"""Every page as axe-core judges it, in both themes, wide and on a phone; signing in stands in auth/test_doors.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.pages.table import PAGES
from tests.app.axe import violations
from tests.app.conftest import Program

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.mark.parametrize("path", [one.path for one in PAGES])
def test_axe_finds_nothing_wrong_with_a_page(demo: Program, page: Page, path: str) -> None:
    page.goto(demo.url(path))
    assert violations(page) == []


def test_axe_finds_nothing_wrong_with_the_page_of_a_call(demo: Program, page: Page) -> None:
    call = demo.get("/api/calls?status=success&limit=1").json()["calls"][0]
    page.goto(demo.url(f"/calls/{call['source']}/{call['call_id']}"))
    assert violations(page) == []
