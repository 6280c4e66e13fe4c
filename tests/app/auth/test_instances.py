"""What one of two instances changes bites in both: on SQLite and on PostgreSQL, with sessions there or in Redis."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from data.access.keys import find_key, revoke_key
from data.access.roles import Role
from data.access.users import change_user, find_user, sign_out
from data.record import Record
from tests.app.auth.conftest import PASSWORD, Guarded, bearer, guarded_app
from tests.app.conftest import Client, unwired, wired
from tests.data.support import empty_record
from tests.servers import wait_until

BITES_WITHIN = 5


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return empty_record(tmp_path / "both.db").url.render_as_string()
    return str(request.getfixturevalue("postgres_database"))


@pytest.fixture(params=["record", "redis"])
def both(request: pytest.FixtureRequest, tmp_path: Path, database_url: str) -> Iterator[tuple[Guarded, Guarded]]:
    """Two instances, which share database and key."""
    settings = {"database_url": database_url, "secret_key": "a key that both of them have 0f3b"}
    if request.param == "redis":
        settings["redis_url"] = request.getfixturevalue("redis_url")
    first = guarded_app(tmp_path / "a", **settings)
    second = Guarded(wired(tmp_path / "b", auth=True, **settings), first.keys)
    yield first, second
    unwired(first.app)
    unwired(second.app)


def user(record: Record, **changes: object) -> None:
    found = find_user(record, "operator")
    assert found
    change_user(record, found[0], **changes)


def signed_out(record: Record) -> None:
    found = find_user(record, "operator")
    assert found
    sign_out(record, found[0].id)


def revoked(record: Record, name: str) -> None:
    key = find_key(record, name)
    assert key and revoke_key(record, key.id)


#: What is changed in the database, as a command does it, and what the operator's session, token, a key and a screen
#: may then do.
CHANGES: dict[str, tuple[Callable[[Record], object], list[bool]]] = {
    "role": (lambda record: user(record, role=Role.VIEWER), [False, False, True, True]),
    "disabled": (lambda record: user(record, disabled=True), [False, False, True, True]),
    "password": (lambda record: user(record, password_hash="other"), [False, False, True, True]),
    "signed out": (signed_out, [False, False, True, True]),
    "key revoked": (lambda record: revoked(record, "operate"), [True, True, False, True]),
    "screen revoked": (lambda record: revoked(record, "kiosk"), [True, True, True, False]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_changed_bites_in_both_within_five_seconds(both: tuple[Guarded, Guarded], change: str) -> None:
    first, second = both
    cookie = first.signed_in("operator").get_cookie("voicehive")
    assert cookie
    given = {"username": "operator", "password": PASSWORD}
    token = first.browser().post("/api/auth/token", json=given).json["access_token"]

    def carrying(guarded: Guarded, secret: str) -> Client:
        client = guarded.browser()
        client.set_cookie("voicehive", secret)
        return client

    def may(guarded: Guarded) -> list[bool]:
        asked = [
            carrying(guarded, cookie.value).get("/api/screens"),
            guarded.browser().get("/api/screens", headers=bearer(token)),
            guarded.browser().get("/api/screens", headers=bearer(guarded.keys["operate"])),
            carrying(guarded, guarded.keys["kiosk"]).get("/_live/trends"),
        ]
        return [answer.status_code in (200, 204) for answer in asked]

    assert [may(guarded) for guarded in both] == [[True] * 4] * 2
    act, expected = CHANGES[change]
    act(first.record)
    for guarded in (second, first):
        wait_until(lambda guarded=guarded: may(guarded) == expected, change, BITES_WITHIN)  # type: ignore[misc]


def test_signing_out_here_is_signing_out_there(both: tuple[Guarded, Guarded]) -> None:
    first, second = both
    here = first.signed_in("viewer")
    cookie = here.get_cookie("voicehive")
    assert cookie
    there = second.browser()
    there.set_cookie("voicehive", cookie.value)
    assert there.get("/api/kpis").status_code == 200
    assert [each.name for each in second.sessions.listed()] == ["viewer"]
    here.post("/logout", headers={"Origin": "http://localhost"})
    wait_until(lambda: there.get("/api/kpis").status_code == 401, "signed out there", BITES_WITHIN)
    assert second.sessions.listed() == []
