"""Signing in through a service that speaks OpenID Connect, against a real one on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from app.settings import SettingsError, load
from data.access import audit
from data.access.roles import Role
from data.access.users import change_user, find_user
from tests.app.auth.conftest import Guarded, guarded_app
from tests.app.auth.provider import CLIENT, SECRET, Provider
from tests.app.conftest import Client, unwired
from tests.servers import free_port

Start = Callable[..., Guarded]


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    made.claims = {"sub": "42", "preferred_username": "Zoe"}
    yield made
    made.stop()


@pytest.fixture
def start(tmp_path: Path, provider: Provider) -> Iterator[Start]:
    """An app that knows the service."""
    made: list[Guarded] = []

    def run(**settings: Any) -> Guarded:
        known = {"oidc_issuer": provider.url, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
        made.append(guarded_app(tmp_path, **known | settings))
        return made[-1]

    yield run
    for one in made:
        unwired(one.app)


def there_and_back(client: Client, target: str = "/") -> Any:
    """What the app says when the browser comes back from the service."""
    there = client.get("/login/oidc", query_string={"next": target})
    assert there.status_code == 302, there.text
    back = requests.get(there.headers["Location"], allow_redirects=False, timeout=10).headers["Location"]
    return client.get(back.removeprefix("http://localhost"))


def test_a_newcomer_gets_a_viewers_account_and_keeps_it(start: Start, provider: Provider) -> None:
    guarded = start()
    client = guarded.browser()
    assert "Sign in with 127.0.0.1" in client.get("/login").text
    back = there_and_back(client, "/calls?zone=UTC")
    assert (back.status_code, back.headers["Location"]) == (303, "/calls?zone=UTC")
    assert client.get("/api/kpis").status_code == 200
    found = find_user(guarded.record, "zoe")
    assert found and (found[0].role, found[1]) == (Role.VIEWER, None)
    change_user(guarded.record, found[0], role=Role.OPERATOR)
    provider.claims["preferred_username"] = "renamed"
    there_and_back(guarded.browser())
    again = find_user(guarded.record, "zoe")
    assert again and again[0].role is Role.OPERATOR
    assert find_user(guarded.record, "renamed") is None
    assert [entry.action for entry in audit.entries(guarded.record)][-2:] == ["signed in", "user added"]


@pytest.mark.parametrize(
    ("said", "role"),
    [
        ("admin", Role.ADMIN),
        (["viewer", "operator", "other"], Role.OPERATOR),
        (["other"], None),
        (None, None),
        (7, None),
    ],
)
def test_the_service_may_say_the_role(start: Start, provider: Provider, said: object, role: Role | None) -> None:
    guarded = start(oidc_role_claim="realm_access.roles")
    provider.claims["realm_access"] = {"roles": said}
    back = there_and_back(guarded.browser())
    found = find_user(guarded.record, "zoe")
    if role is None:
        assert (back.status_code, found) == (403, None)
        return
    assert found and found[0].role is role
    provider.claims["realm_access"] = {"roles": "viewer"}
    there_and_back(guarded.browser())
    later = find_user(guarded.record, "zoe")
    assert later and later[0].role is Role.VIEWER


def test_an_account_with_a_password_is_not_taken_over(start: Start, provider: Provider) -> None:
    guarded = start()
    provider.claims["preferred_username"] = "admin"
    client = guarded.browser()
    back = there_and_back(client)
    assert (back.status_code, "there is a user admin already" in back.text) == (403, True)
    assert client.get("/api/kpis").status_code == 401


def test_a_disabled_account_stays_out(start: Start) -> None:
    guarded = start()
    there_and_back(guarded.browser())
    found = find_user(guarded.record, "zoe")
    assert found
    change_user(guarded.record, found[0], disabled=True)
    assert there_and_back(guarded.browser()).status_code == 403


@pytest.mark.parametrize(
    "spoiled",
    [{"nonce": "another"}, {"aud": "another program"}, {"iss": "https://evil.example"}, {"exp": 1}],
    ids=str,
)
def test_a_token_that_is_not_for_this_sign_in_is_refused(
    start: Start, provider: Provider, spoiled: dict[str, Any]
) -> None:
    guarded = start()
    provider.spoiled = spoiled
    client = guarded.browser()
    assert there_and_back(client).status_code in (401, 502)
    assert client.get("/api/kpis").status_code == 401
    assert find_user(guarded.record, "zoe") is None


def test_a_token_of_another_signer_is_refused(start: Start, provider: Provider) -> None:
    guarded = start()
    provider.sign_with_another_key()
    assert there_and_back(guarded.browser()).status_code in (401, 502)
    assert find_user(guarded.record, "zoe") is None


def test_only_the_browser_that_went_comes_back(start: Start) -> None:
    """Otherwise somebody could sign others in as himself."""
    guarded = start()
    there = guarded.browser().get("/login/oidc")
    back = requests.get(there.headers["Location"], allow_redirects=False, timeout=10).headers["Location"]
    victim = guarded.browser()
    assert victim.get(back.removeprefix("http://localhost")).status_code == 401
    assert victim.get("/api/kpis").status_code == 401


def test_a_service_that_does_not_answer_is_named_and_passwords_work_on(start: Start) -> None:
    guarded = start(oidc_issuer=f"http://127.0.0.1:{free_port()}")
    answer = guarded.browser().get("/login/oidc")
    assert (answer.status_code, "does not answer" in answer.text) == (502, True)
    assert guarded.signed_in("viewer").get("/api/kpis").status_code == 200


def test_without_a_service_there_is_no_way_to_it(shared: Guarded) -> None:
    assert shared.browser().get("/login/oidc").status_code == 404
    assert "Sign in with" not in shared.browser().get("/login").text


def test_half_of_the_settings_is_too_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OIDC_ISSUER", "https://id.example")
    with pytest.raises(SettingsError, match=r"^OIDC_CLIENT_ID: "):
        load(env_file=None)
