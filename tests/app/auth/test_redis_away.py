"""Sessions are in a Redis that is gone, or hangs: everybody is told so, nothing breaks, and all goes on afterwards."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.access.audit import entries
from tests import servers
from tests.app.auth.conftest import OWN, PASSWORD, Guarded, bearer, guarded_app, sign_in
from tests.app.conftest import unwired
from tests.servers import wait_until

BROWSED = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def redis() -> Iterator[servers.Server]:
    with servers.redis() as server:
        yield server
        if server.process:
            server.process.send_signal(signal.SIGCONT)


@pytest.fixture
def guarded(tmp_path: Path, redis: servers.Server) -> Iterator[Guarded]:
    made = guarded_app(tmp_path, redis_url=f"redis://127.0.0.1:{redis.port}/0")
    yield made
    unwired(made.app)


def hang(redis: servers.Server, guarded: Guarded) -> None:
    """Redis takes connections and answers nothing."""
    assert redis.process
    redis.process.send_signal(signal.SIGSTOP)
    guarded.app.services.access.forget()


@pytest.mark.parametrize("how", ["gone", "hangs"])
def test_everybody_is_told_what_is_wrong_and_keys_go_on(guarded: Guarded, redis: servers.Server, how: str) -> None:
    viewer = guarded.signed_in("viewer")
    token = guarded.browser().post("/api/auth/token", json={"username": "viewer", "password": PASSWORD}).json
    assert viewer.get("/api/kpis").status_code == 200
    if how == "gone":
        redis.stop()
    hang(redis, guarded) if how == "hangs" else guarded.app.services.access.forget()

    asked = viewer.get("/api/kpis")
    assert (asked.status_code, asked.json["error"]["code"]) == (503, "sessions_unavailable")
    assert asked.headers["Retry-After"] == "2"
    assert viewer.get("/_live/overview").status_code == 503
    assert viewer.get("/_dash-layout").status_code == 503
    for path in ("/", "/calls", "/login", "/account"):
        page = viewer.get(path, headers=BROWSED)
        assert (page.status_code, page.mimetype, page.headers["Retry-After"]) == (503, "text/html", "2"), path
        assert "Redis, which keeps the sessions, does not answer" in page.text
    came = guarded.browser().post("/login", data={"name": "viewer", "password": PASSWORD}, headers=OWN | BROWSED)
    assert (came.status_code, "Redis, which keeps the sessions, does not answer" in came.text) == (503, True)
    assert guarded.browser().get("/login").status_code == 200
    assert viewer.post("/logout", headers=OWN).status_code == 503
    access = bearer(token["access_token"])
    assert guarded.browser().get("/api/kpis", headers=access).status_code == 503
    given = {"username": "viewer", "password": PASSWORD}
    assert guarded.browser().post("/api/auth/token", json=given).status_code == 503
    body = {"refresh_token": token["refresh_token"]}
    assert guarded.browser().post("/api/auth/refresh", json=body).status_code == 503
    # What needs no session: health, programs with a key, wall screens; and the charts, computed here.
    assert guarded.browser().get("/healthz").status_code == 200
    assert guarded.browser().get("/api/kpis", headers=bearer(guarded.keys["read"])).status_code == 200
    screen = guarded.browser()
    screen.set_cookie("voicehive", guarded.keys["kiosk"])
    shown = screen.get("/_live/trends")
    assert (shown.status_code, "could not be shown" in shown.text) == (200, False)
    # Nobody came in, so nobody is said to have.
    assert [entry.action for entry in entries(guarded.record)].count("signed in") == 2


def test_a_session_outlives_a_redis_that_hung(guarded: Guarded, redis: servers.Server) -> None:
    viewer = guarded.signed_in("viewer")
    hang(redis, guarded)
    assert viewer.get("/api/kpis").status_code == 503
    assert redis.process
    redis.process.send_signal(signal.SIGCONT)
    wait_until(lambda: viewer.get("/api/kpis").status_code == 200, "the session is good again")


def test_a_redis_that_lost_its_content_asks_all_to_sign_in(guarded: Guarded, redis: servers.Server) -> None:
    viewer = guarded.signed_in("viewer")
    redis.stop()
    redis.start()
    guarded.app.services.access.forget()
    assert viewer.get("/api/kpis").status_code == 401
    assert sign_in(viewer, "viewer").status_code == 303
    assert viewer.get("/api/kpis").status_code == 200
