"""Notes, scores and tags of reviewers."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from app.factory import App
from data.analytics import AnalyticCopy
from data.filters import CallFilter
from data.queries.listing import count_calls
from tests.app.conftest import Client, call

CALL = "/api/calls/test/a"


@pytest.fixture
def reviewed(client: Client) -> Client:
    client.post("/api/calls", json=call("a", tags=["vip"]))
    return client


def test_a_note_a_score_and_tags_are_kept_and_told(reviewed: Client) -> None:
    first = reviewed.post(f"{CALL}/notes", json={"note": " Too long a pause. ", "score": 4, "tags": ["slow", "slow"]})
    assert first.status_code == 201
    assert (first.json["score"], first.json["tags"]) == (4, ["slow"])
    assert [note["text"] for note in first.json["notes"]] == ["Too long a pause."]
    reviewed.post(f"{CALL}/notes", json={"note": "Called back."})
    told = reviewed.get(CALL).json
    assert (told["score"], told["tags"], told["review_tags"]) == (4, ["vip"], ["slow"])
    assert [note["text"] for note in told["notes"]] == ["Too long a pause.", "Called back."]
    reviewed.delete(f"{CALL}/notes/{told['notes'][0]['id']}")
    assert [note["text"] for note in reviewed.get(CALL).json["notes"]] == ["Called back."]


def test_no_message_about_the_call_touches_the_review(reviewed: Client) -> None:
    reviewed.post(f"{CALL}/notes", json={"score": 2, "tags": ["slow"]})
    later = {"updated_at": "2030-01-01T00:00:00Z", "csat": 5, "tags": ["new"], "score": 5, "review_tags": ["x"]}
    assert reviewed.post("/api/calls", json=call("a", **later | {"updated_at": None})).json["updated"] == 1
    told = reviewed.get(CALL).json
    assert (told["csat"], told["tags"], told["score"], told["review_tags"]) == (5, ["new"], 2, ["slow"])


def test_a_score_and_tags_can_be_taken_away(reviewed: Client) -> None:
    reviewed.post(f"{CALL}/notes", json={"score": 2, "tags": ["slow"]})
    gone = reviewed.post(f"{CALL}/notes", json={"score": None, "tags": []})
    assert (gone.json["score"], gone.json["tags"]) == (None, [])


def test_calls_are_found_by_a_reviewers_tag_at_once(app: App, reviewed: Client) -> None:
    copy: AnalyticCopy = app.services.copy
    assert count_calls(copy, CallFilter(tags=("slow",))) == 0
    reviewed.post(f"{CALL}/notes", json={"tags": ["slow"]})
    assert count_calls(copy, CallFilter(tags=("slow",))) == 1
    assert count_calls(copy, CallFilter(tags=("vip",))) == 1
    told = reviewed.get("/api/values?facet=tags").json
    assert told == [{"value": "slow", "calls": 1}, {"value": "vip", "calls": 1}]


@pytest.mark.parametrize(
    ("sent", "place"),
    [
        ({}, "body"),
        ([], "body"),
        ({"score": 6}, "score"),
        ({"score": "4"}, "score"),
        ({"tags": [""]}, "tags.0"),
        ({"note": "x" * 10_001}, "note"),
        ({"author": "me"}, "author"),
    ],
)
def test_what_is_no_review_is_refused_by_name(reviewed: Client, sent: Any, place: str) -> None:
    answer = reviewed.post(f"{CALL}/notes", json=sent)
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "invalid_note")
    assert answer.json["error"]["message"].startswith(f"{place}: ")


@pytest.mark.parametrize(
    ("source", "call_id"),
    [
        ("a/b", "c/d"), ("a", "b/c/d"), ("a/b/c", "d"), ("/a/", "/b/"), ("a//b", "c//d"), ("50%", "100%25"),
        ("what?", "#1&x=1"), ("a b+c", "d e"), ("é/ü", "名/前"), ("a", "x/notes"), ("/api/calls/", "/api/calls/"),
    ],
)  # fmt: skip
def test_a_call_is_found_whatever_its_source_and_id_hold(client: Client, source: str, call_id: str) -> None:
    # Others with the same path, were it not for how it is escaped.
    split = f"{source}/{call_id}".partition("/")
    client.post("/api/calls", json=[call(split[2], source=split[0], agent="other")] if split[0] else [])
    client.post("/api/calls", json=call(call_id, source=source, agent="right"))
    path = f"/api/calls/{quote(source, safe='')}/{quote(call_id, safe='')}"
    assert client.post(f"{path}/notes", json={"note": "Found."}).status_code == 201
    told = client.get(path).json
    assert (told["source"], told["call_id"], told["agent"]) == (source, call_id, "right")
    [note] = told["notes"]
    assert client.delete(f"{path}/notes/{note['id']}").json["notes"] == []


def test_slashes_of_an_id_need_no_escape(client: Client) -> None:
    client.post("/api/calls", json=call("b/c", source="a"))
    assert client.get("/api/calls/a/b/c").json["call_id"] == "b/c"


def test_a_call_and_a_note_that_are_not_there(reviewed: Client) -> None:
    assert reviewed.post("/api/calls/test/none/notes", json={"note": "x"}).status_code == 404
    assert reviewed.delete(f"{CALL}/notes/7").status_code == 404
    reviewed.post("/api/calls", json=call("other"))
    note = reviewed.post("/api/calls/test/other/notes", json={"note": "mine"}).json["notes"][0]["id"]
    assert reviewed.delete(f"{CALL}/notes/{note}").status_code == 404
