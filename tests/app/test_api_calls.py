"""POST /api/calls and GET /api/calls."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.factory import App
from tests.app.conftest import Client, call


def post(client: Client, body: Any) -> Any:
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.post("/api/calls", data=text, content_type="application/json")


def test_a_posted_call_is_in_the_figures_at_once(client: Client) -> None:
    answer = post(client, call("a"))
    assert (answer.status_code, answer.json["accepted"]) == (201, 1)
    kpis = client.get("/api/kpis").json
    assert (kpis["total_calls"], kpis["success_rate"], kpis["avg_duration_seconds"]) == (1, 100.0, 60.0)


def test_the_same_call_again_changes_nothing(client: Client) -> None:
    one = call("a")
    post(client, one)
    before = client.get("/api/calls/test/a").json
    assert post(client, [one, one]).json["duplicate"] == 2
    assert client.get("/api/calls/test/a").json == before


def test_later_fields_win_by_updated_at(client: Client) -> None:
    post(client, call("a", agent="new", updated_at="2026-11-01T10:00:00Z"))
    post(client, call("a", agent="old", csat=4, updated_at="2026-11-01T09:00:00Z"))
    stored = client.get("/api/calls/test/a").json
    assert (stored["agent"], stored["csat"]) == ("new", 4.0)


def test_a_bad_call_in_a_list_costs_only_itself(client: Client) -> None:
    answer = post(client, [call("a"), call("b", status="great"), {"call_id": "c"}])
    assert answer.status_code == 201
    assert (answer.json["accepted"], answer.json["rejected"]) == (1, 2)
    assert [reason["index"] for reason in answer.json["reasons"]] == [1, 2]
    assert answer.json["reasons"][0]["reason"].startswith("status: must be one of")


BAD = {
    "not JSON": ("{", "not JSON"),
    "nothing": ("", "not JSON"),
    "NaN": ('{"call_id": "a", "cost": NaN}', "not JSON"),
    "deep": ("[" * 5_000 + "]" * 5_000, "not JSON"),
    "deep metadata": (json.dumps(call("a", x=eval("[" * 60 + "]" * 60))), "metadata"),
    "a number": ("3", "expected an object"),
    "unknown status": (json.dumps(call("a", status="great")), "status"),
    "end before start": (json.dumps(call("a", ended_at="2020-01-01T00:00:00Z")), "lies before started_at"),
    "no id": (json.dumps({"status": "success"}), "call_id"),
    "far future": (json.dumps(call("a", ended_at="2999-01-01T00:00:00Z")), "ended_at"),
    "negative": (json.dumps(call("a", cost=-1)), "cost"),
    "NUL": (json.dumps(call("a\0b")), "call_id"),
    "surrogate": ('{"call_id": "\\ud800", "started_at": 1700000000}', "not JSON"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_naming_the_place(client: Client, name: str) -> None:
    body, words = BAD[name]
    answer = post(client, body)
    assert answer.status_code == 400
    assert set(answer.json) == {"error"}
    assert set(answer.json["error"]) == {"code", "message", "request_id"}
    assert words in answer.json["error"]["message"]
    assert client.get("/api/calls").json["total"] == 0


def test_a_body_of_ten_megabytes_is_refused(client: Client) -> None:
    answer = post(client, json.dumps(call("a", x="y" * 10_000_000)))
    assert answer.status_code == 413
    assert "MiB" in answer.json["error"]["message"]


def test_more_than_ten_thousand_calls_are_refused(client: Client) -> None:
    answer = post(client, [{}] * 10_001)
    assert (answer.status_code, answer.json["error"]["code"]) == (413, "too_large")


def test_unknown_fields_are_kept_in_metadata(client: Client) -> None:
    post(client, call("a", carrier="northline", metadata={"region": "eu"}))
    assert client.get("/api/calls/test/a").json["metadata"] == {"carrier": "northline", "region": "eu"}


def test_a_callers_number_is_never_shown(client: Client) -> None:
    post(client, call("a", caller="+49 30 901820"))
    text = client.get("/api/calls/test/a").text + client.get("/api/calls").text
    assert "901820" not in text
    assert client.get("/api/calls/test/a").json["caller_last2"] == "20"


def test_overload_is_answered_503_with_retry_after(app: App, client: Client) -> None:
    app.services.ingest.stop()
    answer = post(client, call("a"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json["error"]["code"] == "overloaded"


def test_pages_hold_every_call_once_newest_first(client: Client) -> None:
    starts = ["2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z", "2026-11-22T11:00:00Z", "2026-11-22T12:00:00Z"]
    post(client, [{"call_id": str(i), "status": "missed", "started_at": t} for i, t in enumerate(starts)])
    found, cursor, pages = [], "", 0
    while True:
        pages += 1
        page = client.get(f"/api/calls?from=2026-11-22&to=2026-11-23&limit=2&cursor={cursor}").json
        found += [c["call_id"] for c in page["calls"]]
        assert page["total"] == 4
        if (cursor := page["next_cursor"]) is None:
            break
    assert (found, pages) == (["3", "2", "1", "0"], 2)


def test_without_a_range_all_calls_are_listed_and_exported(client: Client) -> None:
    post(client, [call("a"), {"call_id": "b", "status": "missed", "started_at": "1999-01-01T00:00:00Z"}])
    assert [one["call_id"] for one in client.get("/api/calls").json["calls"]] == ["a", "b"]
    assert client.get("/api/export/calls.csv").headers["X-Total-Count"] == "2"
    assert client.get("/api/kpis").json["total_calls"] == 1


def test_a_repeated_filter_key_means_any_of(client: Client) -> None:
    post(client, [call("a", agent="roxy"), call("b", agent="max"), call("c", agent="luna")])
    assert client.get("/api/calls?agent=roxy&agent=max").json["total"] == 2
    assert client.get("/api/calls?q=lun").json["total"] == 1
    assert client.get("/api/calls?q=%25").json["total"] == 0


def test_an_unknown_call_is_a_404(client: Client) -> None:
    answer = client.get("/api/calls/test/nobody")
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1e3", "cursor=x", "from=yesterday", "zone=Mars/Base", "from=now&to=now-1h"]
)
def test_a_bad_parameter_is_named(client: Client, query: str) -> None:
    answer = client.get(f"/api/calls?{query}")
    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.json["error"]["message"]
