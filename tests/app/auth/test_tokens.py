"""Access tokens and keys."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest
from sqlalchemy import select

from app.auth.tokens import Tokens
from data.access import audit
from data.access.keys import list_keys
from data.access.users import change_user, find_user
from data.models import api_keys
from tests.app.auth.conftest import PASSWORD, Guarded, bearer
from tests.servers import wait_until


def signed_in(guarded: Guarded, name: str = "viewer", password: str = PASSWORD) -> Any:
    return guarded.browser().post("/api/auth/token", json={"username": name, "password": password})


def status(guarded: Guarded, token: str, path: str = "/api/kpis") -> int:
    return int(guarded.browser().get(path, headers=bearer(token)).status_code)


def test_name_and_password_give_a_token_that_opens_what_the_role_may(shared: Guarded) -> None:
    given = signed_in(shared).json
    assert (given["token_type"], given["expires_in"]) == ("Bearer", 600)
    assert status(shared, given["access_token"]) == 200
    assert shared.browser().post("/api/calls", json=[], headers=bearer(given["access_token"])).status_code == 403
    form = shared.browser().post("/api/auth/token", data={"username": "viewer", "password": PASSWORD})
    assert form.status_code == 200


@pytest.mark.parametrize("body", ["[", "[]", '{"username": 1, "password": "x"}', "{}"])
def test_a_body_that_is_none_is_said_to_be_none(shared: Guarded, body: str) -> None:
    answer = shared.browser().post("/api/auth/token", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


def test_wrong_passwords_are_counted_here_too(guarded: Guarded) -> None:
    client = guarded.browser()

    def tried(password: str) -> Any:
        return client.post("/api/auth/token", json={"username": "viewer", "password": password})

    assert [tried("wrong").status_code for _ in range(5)] == [401] * 5
    late = tried(PASSWORD)
    assert (late.status_code, 290 <= int(late.headers["Retry-After"]) <= 300) == (429, True)


def forged(guarded: Guarded, **changes: Any) -> str:
    """A token as ours, but for these claims (None: without), and signed with this `key`, `alg` and `header`."""
    tokens: Tokens = guarded.app.services.access.tokens
    good = signed_in(guarded).json["access_token"]
    claims = jwt.decode(good, options={"verify_signature": False})
    key, algorithm = changes.pop("key", tokens._key), changes.pop("alg", "HS256")
    header = changes.pop("header", None)
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    return jwt.encode(claims, key, algorithm=algorithm, headers=header)


def part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1},
        {"exp": None},
        {"aud": None},
        {"aud": "another program"},
        {"iss": "another program"},
        {"jti": None},
        {"sid": None},
        {"sid": "unheard-of"},
        {"iat": 4_000_000_000},
        {"key": b"another key of thirty-two bytes!!"},
        {"alg": "HS512"},
        {"header": {"kid": "../../dev/null"}},
        {"header": {"jwk": {"kty": "oct", "k": "AAAA"}}},
        {"header": {"jku": "https://evil.example/keys"}},
    ],
    ids=str,
)
def test_a_token_that_is_not_just_as_ours_is_refused(shared: Guarded, changes: dict[str, Any]) -> None:
    assert status(shared, forged(shared)) == 200
    assert status(shared, forged(shared, **changes)) == 401


def test_a_token_without_a_signature_is_refused(shared: Guarded) -> None:
    head, claims, _ = signed_in(shared).json["access_token"].split(".")
    for algorithm in ("none", "None", "HS256"):
        assert status(shared, f"{part({'alg': algorithm, 'typ': 'JWT'})}.{claims}.") == 401
    assert status(shared, f"{head}.{claims}") == 401
    assert status(shared, "") == 401
    assert status(shared, "nonsense") == 401


def test_a_session_is_no_token_and_a_token_no_session(shared: Guarded) -> None:
    client = shared.signed_in("viewer")
    assert status(shared, client.get_cookie("voicehive").value) == 401
    given = signed_in(shared).json
    assert status(shared, given["refresh_token"]) == 401
    browser = shared.browser()
    for secret in given.values():
        browser.set_cookie("voicehive", str(secret))
        assert browser.get("/api/kpis").status_code == 401


def test_a_bad_token_is_not_made_good_by_a_session(shared: Guarded) -> None:
    assert shared.signed_in("viewer").get("/api/kpis", headers=bearer("nonsense")).status_code == 401
    assert shared.signed_in("viewer").get("/api/kpis", headers={"Authorization": "Basic eDp5"}).status_code == 401


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_what_is_revoked_is_over_at_once(stored: Guarded, which: str) -> None:
    given = signed_in(stored).json
    assert status(stored, given["access_token"]) == 200
    assert stored.browser().post("/api/auth/revoke", json={"token": given[which]}).status_code == 200
    assert status(stored, given["access_token"]) == 401
    answer = stored.browser().post("/api/auth/refresh", json={"refresh_token": given["refresh_token"]})
    assert answer.status_code == 401
    assert stored.sessions.listed() == []


def test_a_refresh_gives_the_next_pair_and_a_second_use_ends_both(stored: Guarded) -> None:
    def refreshed(token: str) -> Any:
        return stored.browser().post("/api/auth/refresh", json={"refresh_token": token})

    first = signed_in(stored).json
    second = refreshed(first["refresh_token"]).json
    assert status(stored, second["access_token"]) == 200
    assert refreshed(first["refresh_token"]).status_code == 401
    assert status(stored, second["access_token"]) == 401
    assert refreshed(second["refresh_token"]).status_code == 401


def test_a_disabled_user_has_no_tokens_within_five_seconds(stored: Guarded) -> None:
    given = signed_in(stored).json
    assert status(stored, given["access_token"]) == 200
    found = find_user(stored.record, "viewer")
    assert found
    change_user(stored.record, found[0], disabled=True)
    wait_until(lambda: status(stored, given["access_token"]) == 401, "the token is over", within=5)
    assert signed_in(stored).status_code == 401


def test_a_key_is_stored_as_a_digest_and_its_use_is_noted(shared: Guarded) -> None:
    secret = shared.keys["read"]
    assert status(shared, secret) == 200
    key = next(key for key in list_keys(shared.record) if key.name == "read")
    assert key.used_at is not None
    assert secret.startswith(key.prefix)
    with shared.record.read() as connection:
        assert secret not in str(connection.execute(select(api_keys)).all())


def test_the_sign_in_of_a_program_is_written_down(shared: Guarded) -> None:
    signed_in(shared)
    entry = audit.entries(shared.record)[0]
    assert (entry.actor, entry.action, entry.after) == ("viewer", "signed in", {"by": "token"})
