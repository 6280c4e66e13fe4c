"""The refresh: only what changed, once for everybody."""

from __future__ import annotations

from pathlib import Path

import brotli
import orjson
import pytest

from app.components.filterbar import RANGE
from app.factory import App
from app.live import state_of
from app.pages.render import rendered
from app.shell import Place
from tests.app.conftest import Client, call

ALL = "/_live/overview?from=2026-11-20&to=2026-11-21"


def have(body: dict[str, dict[str, str]]) -> str:
    return ",".join(f"{name}:{version}" for name, version in body["versions"].items())


def test_who_has_everything_gets_nothing(client: Client) -> None:
    first = client.get(ALL)
    assert set(first.json["parts"]) == set(first.json["versions"])
    again = client.get(f"{ALL}&have={have(first.json)}")
    assert (again.status_code, again.data) == (204, b"")


def test_only_changed_parts_are_sent() -> None:
    before = state_of({"a": {"children": 1}, "b": {"children": 2}})
    after = state_of({"a": {"children": 1}, "b": {"children": 3}})
    known = ",".join(f"{name}:{version}" for name, version in before.versions.items())
    body = orjson.loads(after.answer(known, compress=False))
    assert body["parts"] == {"b": {"children": 3}}
    assert set(body["versions"]) == {"a", "b"}


def test_the_same_answer_is_compressed_once() -> None:
    state = state_of({"a": {"children": "x" * 1000}})
    first = state.answer("", compress=True)
    assert state.answer("", compress=True) is first
    assert orjson.loads(brotli.decompress(first))["parts"]["a"] == {"children": "x" * 1000}


def test_a_new_call_changes_its_parts_and_no_other(client: Client) -> None:
    path = "/_live/overview?from=2026-11-19&to=2026-11-20"
    known = have(client.get(path).json)
    at = {"started_at": "2026-11-19T10:00:00Z", "answered_at": None, "ended_at": None}
    client.post("/api/calls", json=call("a", **at))
    # Another way to write the same filter, so that no shared answer stands in between.
    changed = client.get(f"{path}T00:00:00Z&have={known}").json["parts"]
    assert {"ov-total", "ov-volume", "ov-feed"} <= set(changed)
    assert "ov-cpu" not in changed


def test_an_unknown_page_and_a_bad_filter_are_named(client: Client) -> None:
    assert client.get("/_live/nothing").status_code == 404
    answer = client.get("/_live/overview?from=tomorrow")
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "bad_parameter")


def test_who_changes_something_sees_it_at_once(client: Client) -> None:
    assert "Ann's week" not in client.get("/_live/reports").text
    made = client.post("/api/reports/schedules", json={"name": "Ann's week", "period": "weekly"})
    assert "Ann's week" in client.get("/_live/reports").text
    client.delete(f"/api/reports/schedules/{made.json['id']}")
    assert "Ann's week" not in client.get("/_live/reports").text


@pytest.mark.parametrize("page", ["calls", "trends", "agents", "outcomes", "quality", "service-level"])
def test_a_page_says_which_range_is_meant_while_the_record_is_away(app: App, client: Client, page: str) -> None:
    path = Path(str(app.services.record.url.database))
    app.services.record.engine.dispose()
    path.rename(path.with_suffix(".away"))
    path.mkdir()
    answer = client.get(f"/_live/{page}?from=now-7d")
    assert (answer.status_code, answer.json["parts"][RANGE]["children"]) == (503, "Last 7 days")
    # At the first look, too, before anything is asked for again.
    with app.server.test_request_context():
        content, parts = rendered(Place(f"/{page}", "?from=now-7d"), app.services)
    assert parts[RANGE]["children"] == "Last 7 days"
    assert b"Last 7 days" in orjson.dumps(content, default=lambda each: each.to_plotly_json())
