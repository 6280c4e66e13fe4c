"""Quality, service level and system: figures that agree with the API, and journeys to the calls behind them."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app.factory import App
from app.format import percent
from app.pages.system.tables import public
from app.settings import Settings
from data.record import RecordUnavailable
from data.times import MINUTE, now_micros
from tests.app.conftest import Client, Program, call, unwired, wired
from tests.app.test_analysis_pages import WEEK, arrived, click_bar, in_table, links, parts, total, words

if TYPE_CHECKING:
    from playwright.sync_api import Page


def queued(call_id: str, wait: float, **fields: Any) -> dict[str, Any]:
    """An offered call that waited so long."""
    start = now_micros() - 10 * MINUTE
    times = {name: (start + after * 1_000_000) / 1e6 for name, after in
             (("started_at", 0), ("queued_at", 0), ("answered_at", wait), ("ended_at", wait + 60))}  # fmt: skip
    return call(call_id, queue="care", **times | fields)


def test_the_service_level_is_the_apis_for_any_threshold(client: Client) -> None:
    client.post("/api/calls", json=[queued(f"c{wait}", wait) for wait in (0, 5, 19, 20, 21, 60)])
    gone = [queued(f"g{wait}", wait - 60, status="abandoned", answered_at=None) for wait in (2, 40)]
    client.post("/api/calls", json=gone)
    for choice, formula in (
        ("", "answered within 20 s / offered = 4 / 8 = 50.0 %"),
        ("sl_seconds=5", "answered within 5 s / offered = 2 / 8 = 25.0 %"),
        ("sl_abandoned=exclude", "answered within 20 s / (offered − abandoned) = 4 / (8 − 2) = 66.7 %"),
    ):
        found = parts(client, "service-level", choice)
        level = client.get(f"/api/kpis?{choice}").json["service_level"]
        assert words(found["sl-formula"]["children"]).endswith(formula)
        assert percent(level).split()[0] in words(found["sl-level"]["children"])
    # The queue's call that nobody answered left within five seconds, and the card says so.
    assert "1 within 5\u00a0s" in words(parts(client, "service-level", "compare=0")["sl-abandoned"]["children"])


def test_what_can_not_be_is_left_out_counted_and_listed(client: Client) -> None:
    good = [call(f"g{i}", latency_ms=800, latency_llm_ms=500) for i in range(3)]
    bad = call("bad", latency_ms=90_000, latency_llm_ms=95_000)
    client.post("/api/calls", json=[*good, bad])
    found = parts(client, "quality", "")
    assert words(found["qu-left-out"]["children"]).split()[:4] == ["Left", "out", "?", "1"]
    listed = [link for link, _ in links(found["qu-stages"]["children"]) if "impossible_latency_ms" in link]
    assert [total(client, link) for link in listed] == [1]
    assert client.get("/api/kpis").json["avg_latency_ms"] == 800
    assert "500 ms" in words(found["qu-parts"]["children"])
    assert "300 ms" in words(found["qu-parts"]["children"]), "what no stage explains"


def test_stages_side_by_side_leave_no_negative_rest(client: Client) -> None:
    client.post("/api/calls", json=call("a", latency_ms=800, latency_llm_ms=500, latency_tts_ms=600))
    found = words(parts(client, "quality", "")["qu-parts"]["children"])
    assert "300 ms more than the whole" in found
    assert "−" not in found


def test_few_calls_say_how_few(client: Client) -> None:
    client.post("/api/calls", json=[call(f"g{i}", latency_ms=800) for i in range(7)])
    assert "n = 7" in words(parts(client, "quality", "")["qu-stages"]["children"])


def test_the_system_goes_on_while_the_record_is_away(app: App, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise RecordUnavailable("gone fishing")

    monkeypatch.setattr(app.services.record, "ping", away)
    found = words(parts(client, "system", "")["sy-checks"]["children"])
    assert "SQLite does not answer: gone fishing" in found
    assert "fails" in found


def test_the_system_counts_what_came_in(app: App, client: Client) -> None:
    started = time.time() - 60
    for at, n in ((started, 0), (started + 30, 5)):
        labels = {"job": "voicehive", "instance": "here"}
        app.services.samples.scraped("self", round(at * 1000), [
            ({**labels, "__name__": "up"}, 1.0),
            ({**labels, "__name__": "voicehive_ingest_events_total", "outcome": "duplicate"}, float(n)),
            ({**labels, "__name__": "voicehive_errors_total", "code": "internal_error"}, float(n)),
        ])  # fmt: skip
    client.post("/api/calls", json=[call("a", status="invalid"), call("b")])
    found = parts(client, "system", "from=now-15m")
    text = words(found["sy-intake"]["children"])
    assert re.search(r"Duplicate +\S*[5-9]\b|Duplicate +10\b", text), text
    assert "internal error" in words(found["sy-errors"]["children"])
    [(link, said)] = links(found["sy-intake"]["children"])
    assert total(client, link) == 1
    assert "Invalid calls" in said


def test_events_of_an_hour_ago_are_late(app: App, client: Client) -> None:
    client.post("/api/calls", json=[call("now"), call("old", started_at="2020-01-01T00:00:00Z", answered_at=None,
                                                      ended_at="2020-01-01T00:01:00Z")])  # fmt: skip
    assert app.services.metrics.registry.get_sample_value("voicehive_ingest_late_total") == 1


def test_addresses_of_other_tools_hide_their_credentials(tmp_path: Path) -> None:
    made = wired(tmp_path, grafana_url="https://ada:secret@grafana.example.com:3000/g?token=secret")
    try:
        found = parts(made.server.test_client(), "system", "")
    finally:
        unwired(made)
    assert "secret" not in str(found)
    assert "https://grafana.example.com:3000/g" in str(found["sy-links"])
    assert public("http://u:p@h/x?q=1") == "http://h/x"
    assert Settings(var_dir=tmp_path).grafana_url is None


def test_the_newest_traces_lead_to_their_calls(app: App, client: Client) -> None:
    client.post("/api/calls", json=call("traced"))
    span = {
        "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "name": "llm", "kind": 1,
        "startTimeUnixNano": str(time.time_ns() - 10**9), "endTimeUnixNano": str(time.time_ns()),
        "attributes": [{"key": "call_id", "value": {"stringValue": "traced"}}], "status": {"code": 2},
    }  # fmt: skip
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    assert client.post("/v1/traces", json=body).status_code == 200
    [found] = app.services.spans.recent(5)
    assert (found.source, found.call_id, found.spans, found.failed) == ("test", "traced", 1, 1)
    assert "/calls/test/traced" in str(parts(client, "system", "")["sy-traces"])


# --- in a browser


def test_from_a_bar_of_latency_to_its_calls(demo: Program, page: Page, errors: list[str]) -> None:
    page.goto(demo.url(f"/quality?{WEEK}"))
    n = click_bar(page, "qu-histogram", "calls", 4)
    assert arrived(page, demo) == n > 0
    assert "min_latency=1000" in page.url
    in_table(page, n)
    page.go_back()
    page.get_by_role("group", name="Percentile").get_by_role("button", name="p99").press("Enter")
    page.locator("#qu-lines-head").get_by_text("p99, by stage").wait_for()
    page.locator("#qu-slowest .vh-row").first.click()
    page.wait_for_url(re.compile("/calls/"))
    assert errors == []


def test_from_a_bar_of_waits_and_from_the_peak_to_the_calls(demo: Program, page: Page, errors: list[str]) -> None:
    page.goto(demo.url(f"/service-level?{WEEK}"))
    n = click_bar(page, "sl-waits", "answered_waited", 1)
    assert arrived(page, demo) == n > 0
    assert "min_wait=5" in page.url
    in_table(page, n)
    page.go_back()
    link = page.locator(".vh-peak a")
    n = int(re.findall(r"[\d,]+", link.inner_text())[0].replace(",", ""))
    link.click()
    assert arrived(page, demo) == n > 0
    in_table(page, n)
    assert errors == []


def test_the_threshold_is_chosen_by_keyboard_and_stays_in_the_address(demo: Program, page: Page) -> None:
    page.goto(demo.url(f"/service-level?{WEEK}"))
    page.locator("summary", has_text="Within: 20 s").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="45 s").press("Enter")
    page.locator("#sl-formula").get_by_text("within 45 s").wait_for()
    assert "sl_seconds=45" in page.url
    page.reload()
    page.locator("#sl-formula").get_by_text("within 45 s").wait_for()


def test_from_the_invalid_calls_of_the_system_to_their_list(demo: Program, page: Page, errors: list[str]) -> None:
    page.goto(demo.url(f"/system?{WEEK}"))
    row = page.locator("#sy-intake a.vh-row")
    n = int(row.locator(".vh-row-value").inner_text().replace(",", ""))
    row.click()
    assert arrived(page, demo) == n > 0
    in_table(page, n)
    assert errors == []
