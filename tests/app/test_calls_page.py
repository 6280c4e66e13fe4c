"""The table of calls: what it asks for, and the way through it in a real browser."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import requests
from playwright.sync_api import expect

from app.pages.calls.columns import COLUMNS
from data.analytics import COLUMNS as KEPT
from data.times import MINUTE, now_micros, to_iso
from tests.app.conftest import Client, Program, call, run_program, stop_program

if TYPE_CHECKING:
    from playwright.sync_api import Page

COUNT = 250
EVIL = "<img src=x onerror=window.executed=1>"


def started(minutes: float) -> dict[str, str]:
    at = now_micros() - round(minutes * MINUTE)
    return {"started_at": to_iso(at) or "", "answered_at": to_iso(at) or "", "ended_at": to_iso(at + MINUTE) or ""}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    running = run_program(tmp_path_factory.mktemp("calls"), "serve", REFRESH_SECONDS="1")
    made = [
        call(f"c{n:03}", **started(n + 1), agent=("roxy", "max")[n % 2], duration_seconds=(n * 37) % 900, tags=["vip"])
        for n in range(COUNT)
    ]
    assert requests.post(running.url("/api/calls"), json=made, timeout=30).status_code == 201
    yield running
    stop_program(running)


# --- what is asked for


def test_every_column_is_one_of_the_copy() -> None:
    assert {column.name for column in COLUMNS} <= set(KEPT)
    assert len({column.name for column in COLUMNS}) == len(COLUMNS)


def test_rows_are_texts_with_the_way_to_their_call(client: Client) -> None:
    client.post(
        "/api/calls", json=call("a/b", agent="roxy", duration_seconds=258, cost=0.134, currency="EUR", tags=["x"])
    )
    client.post("/api/calls/test/a/b/notes", json={"tags": ["y"], "score": 3})
    names = "agent,duration_seconds,cost,tags,score,csat,status"
    answer = client.get(f"/_rows/calls?columns={names}").json
    assert (answer["total"], answer["reachable"]) == (1, 1)
    [row] = answer["rows"]
    assert row == {
        "agent": "roxy", "duration_seconds": "4 m 18 s", "cost": "€0.134", "tags": "x, y", "score": "3", "csat": "",
        "status": "success", "_status": "success", "_href": "/calls/test/a%2Fb",
    }  # fmt: skip


def test_every_column_can_be_shown_and_sorted_by(client: Client) -> None:
    client.post("/api/calls", json=[call("a"), call("b", status="in_progress", ended_at=None, answered_at=None)])
    names = ",".join(column.name for column in COLUMNS)
    for column in COLUMNS:
        for direction in ("", "-"):
            answer = client.get(f"/_rows/calls?columns={names}&sort={direction}{column.name}")
            assert len(answer.json["rows"]) == 2, column.name


def test_a_pinned_range_does_not_move_on(client: Client) -> None:
    client.post("/api/calls", json=call("first"))
    pin = client.get("/_rows/calls").json["pin"]
    client.post("/api/calls", json=call("second", **started(-0.05)))
    assert client.get(f"/_rows/calls?pin={pin}").json["total"] == 1


@pytest.mark.parametrize(
    "query",
    ["columns=metadata", "columns=agent,id;", "sort=caller_hash", "sort=-1", "start=-1", "limit=501", "pin=a-b"],
)
def test_what_is_no_column_or_place_is_refused(client: Client, query: str) -> None:
    answer = client.get(f"/_rows/calls?{query}")
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "bad_parameter")


# --- in the browser


def test_from_a_filter_to_a_call_and_back(program: Program, page: Page, errors: list[str]) -> None:
    page.goto(program.url("/calls"))
    expect(page.locator("#ca-total")).to_have_text(f"{COUNT} calls")
    page.locator("#vh-values-menu > summary").click()
    page.get_by_label("roxy", exact=False).check()
    page.keyboard.press("Escape")
    expect(page.locator("#ca-total")).to_have_text("125 calls")
    # Sorted, longest first; the order stands in the address.
    page.locator(".ag-header-cell[col-id=duration_seconds]").click()
    longest = page.locator(".ag-row[row-index='0'] [col-id=duration_seconds]")
    durations = sorted(((n * 37) % 900 for n in range(0, COUNT, 2)), reverse=True)
    expect(longest).to_have_text(re.compile(f"{durations[0] // 60} m {durations[0] % 60:02} s"))
    assert "sort=-duration_seconds" in page.url
    # Down, into a call, and back to the same rows of the same order.
    page.locator(".ag-row[row-index='5'] [col-id=agent]").hover()
    page.mouse.wheel(0, 2000)
    row = page.locator(".ag-row[row-index='55'] a")
    page.locator(".ag-row[row-index='55'] [col-id=agent]").wait_for()
    page.locator(".ag-row[row-index='55'] [col-id=agent]").click()
    expect(page.locator(".vh-call-title")).to_be_visible()
    opened = page.url.partition("?")[0]
    page.go_back()
    expect(page.locator("#ca-total")).to_have_text("125 calls")
    row.wait_for()
    assert opened.endswith(str(row.get_attribute("href")))
    assert "agent=roxy" in page.url
    assert "sort=-duration_seconds" in page.url
    assert errors == []


def test_keys_lead_through_the_table(program: Program, page: Page) -> None:
    page.goto(program.url("/calls"))
    page.locator(".ag-row[row-index='0'] [col-id=agent]").wait_for()
    # A row that is drawn anew in the moment of a key does not hear it.
    page.get_by_role("button", name="Pause live updates").click()
    page.locator(".vh-menu-download > summary").focus()
    page.keyboard.press("Tab")
    for row in ("0", "1"):
        page.keyboard.press("ArrowDown")
        page.locator(f".ag-row[row-index='{row}'] .ag-cell-focus").wait_for()
    page.locator(".ag-row[row-index='1'] .ag-cell-focus").press("Enter")
    expect(page.locator(".vh-call-title")).to_have_text("Call c001")


def test_what_is_exported_is_what_is_shown(program: Program, page: Page) -> None:
    page.goto(program.url("/calls?agent=max&min_duration=100"))
    total = page.locator("#ca-total")
    expect(total).to_have_text(re.compile(r"^\d+ calls$"))
    page.locator(".vh-menu-download > summary").click()
    with page.expect_download() as waiting:
        page.get_by_text("CSV", exact=True).click()
    expect(page.locator("#ca-note")).to_have_text("")  # "Preparing" ends when the file begins
    lines = list(csv.DictReader(io.StringIO(waiting.value.path().read_text())))
    api = program.get("/api/calls?agent=max&min_duration=100").json()["total"]
    assert len(lines) == api == int(total.inner_text().split()[0])
    assert {line["agent"] for line in lines} == {"max"}


def test_columns_are_chosen_and_stay_chosen(program: Program, page: Page) -> None:
    page.goto(program.url("/calls"))
    page.locator(".ag-row[row-index='0'] [col-id=agent]").wait_for()
    page.locator(".vh-menu-columns > summary").click()
    page.get_by_label("Source", exact=True).check()
    page.get_by_label("Agent", exact=True).uncheck()
    page.reload()
    page.locator(".ag-row[row-index='0'] [col-id=queue]").wait_for()
    expect(page.locator(".ag-header-cell[col-id=agent]")).to_have_count(0)
    page.locator(".vh-menu-columns > summary").click()
    expect(page.get_by_label("Source", exact=True)).to_be_checked()


def test_a_point_of_a_chart_counts_the_calls_of_the_table(program: Program, page: Page) -> None:
    page.goto(program.url("/?from=now-6h"))
    page.locator("#ov-volume .main-svg").first.wait_for()
    link, count = page.evaluate(
        """() => {
            const graph = document.querySelector("#ov-volume .js-plotly-plot") || document.querySelector("#ov-volume");
            const trace = graph.data.find((each) => each.uid === "success");
            const index = trace.y.indexOf(Math.max(...trace.y));
            return [window.voicehive.callsLink(graph.layout.meta.calls, index, "success"), trace.y[index]];
        }"""
    )
    assert count > 0
    page.goto(program.url(link))
    expect(page.locator("#ca-total")).to_have_text(f"{count} {'call' if count == 1 else 'calls'}")


def test_nothing_of_a_call_is_read_as_html(program: Program, page: Page, errors: list[str]) -> None:
    evil = call(
        f"x{EVIL}", **started(0.5), agent=EVIL, queue=EVIL, agent_version=EVIL, end_reason=EVIL, sentiment=EVIL,
        success_evaluation=EVIL, tags=[EVIL], language="en", transcript=f"agent: {EVIL}\nuser: {EVIL}",
        metadata={EVIL: EVIL, "recording_url": "javascript:window.executed=1"},
    )  # fmt: skip
    assert requests.post(program.url("/api/calls"), json=evil, timeout=10).json()["accepted"] == 1
    path = f"/calls/test/{quote('x' + EVIL, safe='')}"
    review: Any = {"note": EVIL, "tags": [EVIL], "score": 1}
    assert requests.post(program.url(f"/api{path}/notes"), json=review, timeout=10).status_code == 201
    page.goto(program.url(f"/calls?agent={quote(EVIL)}"))
    page.locator(".ag-row[row-index='0'] [col-id=agent]").get_by_text(EVIL).wait_for()
    page.locator("#vh-values-menu > summary").click()
    page.locator("[data-facet=tags]").click()
    page.locator("#vh-values").get_by_text(EVIL).wait_for()
    page.goto(program.url(path))
    page.locator("#vh-review .vh-note-text").get_by_text(EVIL).wait_for()
    page.locator(".vh-turn").first.get_by_text(EVIL).wait_for()
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(program.url("/calls"))
    page.locator(".vh-call-lines").first.get_by_text(EVIL).first.wait_for()
    assert page.evaluate("window.executed") is None
    assert errors == []


def test_a_review_is_written_and_found_again(program: Program, page: Page) -> None:
    page.goto(program.url("/calls/test/c100"))
    page.get_by_role("radio", name="4 of 5").click()
    expect(page.get_by_role("radio", name="4 of 5")).to_be_checked()
    page.get_by_label("Add a tag").fill("follow up")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove tag follow up")).to_be_visible()
    page.get_by_label("Note", exact=True).fill("Ask again on Monday.")
    page.get_by_text("Add note").click()
    expect(page.locator(".vh-note-text")).to_have_text("Ask again on Monday.")
    page.goto(program.url("/calls?tags=follow+up"))
    expect(page.locator("#ca-total")).to_have_text("1 call")
    expect(page.locator(".ag-row[row-index='0'] [col-id=score]")).to_have_text("4")


def test_a_call_is_reached_whatever_its_source_and_id_hold(program: Program, page: Page, errors: list[str]) -> None:
    source, call_id = "/team a/50%25?é#/", "/1//2 %2F?#ü&="
    sent = call(call_id, **started(1), source=source, agent="odd")
    assert requests.post(program.url("/api/calls"), json=sent, timeout=10).status_code == 201
    page.goto(program.url("/calls?agent=odd"))
    page.locator(".ag-row[row-index='0'] [col-id=started_at] a").click()
    expect(page.locator(".vh-call-title")).to_have_text(f"Call {call_id}")
    page.get_by_label("Note", exact=True).fill("Found.")
    page.get_by_text("Add note").click()
    expect(page.locator(".vh-note-text")).to_have_text("Found.")
    page.reload()
    expect(page.locator(".vh-note-text")).to_have_text("Found.")
    expect(page.locator(".vh-call-head")).to_contain_text(source)
    expect(page).to_have_title(f"Call {call_id} · VoiceHive")
    assert errors == []


@pytest.mark.parametrize("width", [390, 1000, 1440])
def test_the_table_fits_the_screen(program: Program, page: Page, width: int, errors: list[str]) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(program.url("/calls"))
    page.locator(".ag-row").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert errors == []


def test_the_overview_does_not_load_the_table(program: Program, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(program.url("/"))
    page.locator("#ov-volume .main-svg").first.wait_for()
    assert not [url for url in asked if "ag_grid" in url]
    page.locator(".vh-nav-link", has_text="Calls").click()
    page.locator(".ag-row[row-index='0'] [col-id=agent]").wait_for()
    assert [url for url in asked if "ag_grid" in url]
