"""Dash's own contract, checked with its own tools: the layout loads, callbacks answer, the console is quiet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.app.conftest import call, unwired, wired


def test_the_overview_renders_under_dash_testing(dash_duo: Any, tmp_path: Path) -> None:
    made = wired(tmp_path)
    try:
        made.server.test_client().post("/api/calls", json=call("a"))
        dash_duo.start_server(made.pages)
        dash_duo.wait_for_text_to_equal("#ov-total .vh-kpi-value", "1", timeout=20)
        assert dash_duo.get_logs() == []
    finally:
        unwired(made)


def test_two_apps_in_one_process_keep_their_callbacks(tmp_path: Path) -> None:
    first, second = wired(tmp_path / "a"), wired(tmp_path / "b")
    try:
        for made in (first, second):
            dependencies: Any = made.server.test_client().get("/_dash-dependencies").json
            assert any(one["inputs"][0]["id"] == "vh-url" for one in dependencies)
    finally:
        unwired(first)
        unwired(second)


def test_scripts_of_dash_that_no_page_needs_are_left_out(tmp_path: Path) -> None:
    made = wired(tmp_path)
    try:
        index = made.server.test_client().get("/").text
        of_dash = made.pages._generate_scripts_html()
    finally:
        unwired(made)
    for name in ("/deps/polyfill@", "/dash_table/bundle"):
        assert name in of_dash
        assert name not in index
    # The only piece of the polyfill that Dash's components ask for, when they fetch a part of themselves.
    assert "regenerator-runtime.js" in index
