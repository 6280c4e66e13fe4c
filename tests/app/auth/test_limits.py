"""One asker can't slow all others down."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.auth.conftest import Guarded, bearer, guarded_app, sign_in
from tests.app.conftest import Client, call, unwired
from tests.servers import free_port

EXPORT = "/api/export/calls.csv"


@pytest.fixture(params=["alone", "redis is away"])
def limited(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Guarded]:
    """An app of its own, for its counts; with a Redis that nobody started it counts by itself."""
    settings = {"redis_url": f"redis://127.0.0.1:{free_port()}/0"} if request.param != "alone" else {}
    made = guarded_app(tmp_path, **settings)
    yield made
    unwired(made.app)


def comes(limited: Guarded, role: str) -> Client:
    """The browser of a person; without Redis nobody can sign in, and a program with a key of the same rights comes."""
    if limited.app.services.settings.redis_url is None:
        return limited.signed_in(role)
    client = limited.browser()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {limited.keys['read' if role == 'viewer' else 'operate']}"
    return client


def test_too_many_dear_requests_are_told_to_wait_and_hurt_nobody_else(limited: Guarded) -> None:
    viewer, operator = comes(limited, "viewer"), comes(limited, "operator")
    statuses = [viewer.get(EXPORT).status_code for _ in range(25)]
    assert statuses == [200] * 20 + [429] * 5
    refused = viewer.get(EXPORT)
    assert refused.json["error"]["code"] == "too_many_requests"
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert operator.get(EXPORT).status_code == 200
    assert viewer.get("/api/kpis").status_code == 200
    # The same one on another machine is the same one.
    assert comes(limited, "viewer").get(EXPORT).status_code == 429


def test_keys_and_addresses_are_counted_apart(limited: Guarded) -> None:
    browser = limited.browser()
    assert [browser.get(EXPORT, headers=bearer(limited.keys["read"])).status_code for _ in range(21)][-1] == 429
    assert browser.get(EXPORT, headers=bearer(limited.keys["admin"])).status_code == 200
    attacker = limited.browser("203.0.113.9")
    assert {sign_in(attacker, f"name{n}", "wrong").status_code for n in range(70)} & {429}
    assert limited.browser("203.0.113.10").get("/login").status_code == 200


def test_calls_may_come_in_as_fast_as_they_are_stored(limited: Guarded) -> None:
    browser, key = limited.browser(), bearer(limited.keys["ingest"])
    assert {browser.post("/api/calls", json=call(f"c{n}"), headers=key).status_code for n in range(30)} == {201}
