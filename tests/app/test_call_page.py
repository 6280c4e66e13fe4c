"""The page of a call: its address, what it shows, and what it says when there is nothing to show."""

from __future__ import annotations

from pathlib import Path

import orjson
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Page, expect

from app.addresses import call_of, call_path
from app.factory import App
from app.pages.call.transcript import Turn, turns
from app.pages.render import rendered
from app.shell import Place
from data.times import MINUTE, now_micros, to_iso
from tests.app.conftest import Client, Program, call

TRACE = [
    {"stage": "stt", "start_ms": 1000, "duration_ms": 180},
    {"stage": "llm", "start_ms": 1200, "duration_ms": 340, "status": "error", "detail": "<b>rate limit</b>"},
]


def shown(app: App, path: str) -> str:
    """The page at an address as JSON."""
    with app.server.test_request_context():
        content, _ = rendered(Place(path), app.services)
    return orjson.dumps(content, default=lambda each: each.to_plotly_json()).decode()


@given(st.text(min_size=1), st.text(min_size=1))
def test_the_address_of_a_call_leads_back_to_it(source: str, call_id: str) -> None:
    try:
        path = call_path(source, call_id)
    except UnicodeEncodeError:
        return  # half a surrogate pair is no text that a call can have
    assert call_of(path) == (source, call_id)


def test_other_addresses_are_no_calls() -> None:
    assert [call_of(path) for path in ("/", "/calls", "/calls/", "/calls/a", "/calls/a/", "/calls//b")] == [None] * 6


def test_a_call_shows_its_facts_and_its_trace(app: App, client: Client) -> None:
    sent = call("x//y?", source="a b", trace=TRACE, agent="roxy", transcript="agent: hello", end_reason="hung-up")
    assert client.post("/api/calls", json=sent).status_code == 201
    text = shown(app, call_path("a b", "x//y?"))
    for words in ("Call x//y?", "roxy", "Where the time went", "2 stages: llm, stt.", "hello", "hung"):
        assert words in text
    # Plotly would read tags in what hovering says.
    assert "&lt;b&gt;rate limit" in text
    assert "No trace" not in text


def test_a_call_without_a_trace_says_how_to_send_one(app: App, client: Client) -> None:
    client.post("/api/calls", json=call("quiet's", source="test"))
    text = shown(app, call_path("test", "quiet's"))
    assert "No trace of this call has come in" in text
    assert "{origin}/api/calls" in text


def test_a_call_that_is_not_there_and_a_record_that_is_not_there_look_different(app: App) -> None:
    assert "There is no such call" in shown(app, "/calls/test/none")
    path = Path(str(app.services.record.url.database))
    app.services.record.engine.dispose()
    path.rename(path.with_suffix(".away"))
    path.mkdir()
    assert "can't be shown" in shown(app, "/calls/test/none")


def test_a_call_may_be_linked_to_from_another_site_but_not_embedded(client: Client) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert client.get("/calls/a/b", headers=foreign | {"Sec-Fetch-Dest": "document"}).status_code == 200
    assert client.get("/calls/a/b", headers=foreign | {"Sec-Fetch-Dest": "iframe"}).status_code == 403


def test_a_line_of_the_feed_leads_to_its_call(page: Page, demo: Program) -> None:
    page.goto(demo.url("/"))
    page.locator(".vh-feed-link").first.click()
    expect(page.locator(".vh-call-title")).to_be_visible()
    assert "/calls/demo/" in page.url
    page.locator(".vh-call-head").get_by_text("Calls", exact=True).click()
    expect(page.locator("#ca-total")).to_be_visible()


def test_turns_are_told_apart_however_they_were_written_down() -> None:
    lines = turns("Agent: hello\n  how are you?\nuser: fine")
    assert lines == [Turn("agent", "hello\nhow are you?"), Turn("caller", "fine")]
    told = [
        {"role": "bot", "message": "hello", "secondsFromStart": 1.5},
        {"role": "user", "message": "fine"},
        "odd",
        {},
    ]
    assert turns(orjson.dumps(told).decode()) == [Turn("agent", "hello", 1.5), Turn("caller", "fine")]
    assert turns(
        orjson.dumps({"turns": [{"role": "system", "text": "x"}, {"role": "caller", "text": "y"}]}).decode()
    ) == [Turn("caller", "y")]
    assert turns("Just a text.") == turns("[1, 2]") == turns("{broken") == []


def test_costs_and_latencies_show_what_their_parts_do_not_explain(app: App, client: Client) -> None:
    costs = {"cost": 0.5, "currency": "USD", "cost_llm": 0.3, "cost_tts": 0.1, "latency_ms": 900, "latency_llm_ms": 900}
    client.post("/api/calls", json=call("dear", **costs))
    text = shown(app, call_path("test", "dear"))
    assert text.count("Unexplained") == 1
    for words in ("$0.500", "$0.300", "$0.100", "900 ms"):
        assert words in text


def test_a_recording_is_a_link_only_if_it_is_a_web_address(app: App, client: Client) -> None:
    addresses = ("https://example.com/a.mp3", "javascript:alert(1)", "file:///etc/passwd", "http://[", 7)
    for n, address in enumerate(addresses):
        client.post("/api/calls", json=call(f"r{n}", metadata={"recording_url": address}))
    links = ["Open the recording" in shown(app, call_path("test", f"r{n}")) for n in range(len(addresses))]
    assert links == [True, False, False, False, False]


def test_the_other_calls_of_a_caller_are_one_step_away(app: App, client: Client) -> None:
    ages = {"old": 300, "middle": 200, "new": 100}
    for call_id, minutes in ages.items():
        started = to_iso(now_micros() - minutes * MINUTE)
        client.post("/api/calls", json=call(call_id, caller="+4930123456", started_at=started, answered_at=None))
    client.post("/api/calls", json=call("other", caller="+4930999999"))
    with app.server.test_request_context():
        content, _ = rendered(Place("/calls/test/middle"), app.services)
    text = orjson.dumps(content).decode()
    assert "1 earlier, 1 later" in text
    steps = [
        part["props"].get("href")
        for part in content["props"]["children"][0]["props"]["children"][-1]["props"]["children"]
    ]
    assert steps == ["/calls/test/old", "/calls/test/new"]
    assert "other" not in text
