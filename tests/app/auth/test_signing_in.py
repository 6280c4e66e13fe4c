"""Signing in and out by the pages, and what a session is good for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from data.access import audit
from data.access.roles import Role
from data.access.sessions import IDLE, list_sessions
from data.access.users import change_user, find_user
from data.models import sessions
from data.times import now_micros
from tests.app.auth.conftest import OWN, PASSWORD, Guarded, guarded_app, sign_in
from tests.app.conftest import Client, unwired, wired
from tests.servers import wait_until


def cookie(client: Client, name: str = "voicehive") -> Any:
    return client.get_cookie(name)


def gets_in(client: Client) -> bool:
    return client.get("/api/kpis").status_code == 200


def actions(guarded: Guarded) -> list[tuple[str, str]]:
    return [(entry.actor, entry.action) for entry in audit.entries(guarded.record)]


def test_a_page_leads_to_the_sign_in_and_back(shared: Guarded) -> None:
    client = shared.browser()
    led = client.get("/calls/a/b?zone=UTC")
    assert (led.status_code, led.headers["Location"]) == (302, "/login?next=%2Fcalls%2Fa%2Fb%3Fzone%3DUTC")
    assert 'value="/calls/a/b?zone=UTC"' in client.get(led.headers["Location"]).text
    back = sign_in(client, "viewer", next="/calls/a/b?zone=UTC")
    assert (back.status_code, back.headers["Location"]) == (303, "/calls/a/b?zone=UTC")
    assert client.get("/calls/a/b").status_code == 200
    assert client.get("/login").headers["Location"] == "/"


def test_the_api_says_in_json_that_one_has_to_sign_in(shared: Guarded) -> None:
    answer = shared.browser().get("/api/kpis")
    assert (answer.status_code, answer.json["error"]["code"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(shared: Guarded) -> None:
    given = cookie(shared.signed_in("viewer"))
    assert (given.http_only, given.same_site, given.secure, given.path) == (True, "Lax", False, "/")
    assert given.value not in str(list_sessions(shared.record))


def test_over_https_the_cookie_is_for_https_and_this_host_only(tmp_path: Path) -> None:
    made = guarded_app(tmp_path, trusted_proxies=("127.0.0.1",))
    try:
        client = made.browser("127.0.0.1")
        secure = {"X-Forwarded-Proto": "https", "Origin": "https://localhost"}
        answer = client.post("/login", data={"name": "viewer", "password": PASSWORD}, headers=secure)
        text = answer.headers["Set-Cookie"]
        assert text.startswith("__Host-voicehive=")
        assert all(word in text for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))
        assert answer.headers["Strict-Transport-Security"]
    finally:
        unwired(made.app)


def test_a_session_that_was_put_into_the_browser_is_not_used(shared: Guarded) -> None:
    client = shared.browser()
    client.set_cookie("voicehive", "planted")
    sign_in(client, "viewer")
    assert cookie(client).value != "planted"
    assert gets_in(client)
    planted = shared.browser()
    planted.set_cookie("voicehive", "planted")
    assert not gets_in(planted)


def test_signing_in_again_ends_the_session_before(shared: Guarded) -> None:
    client = shared.signed_in("viewer")
    before = cookie(client).value
    sign_in(client, "admin")
    assert cookie(client).value != before
    stolen = shared.browser()
    stolen.set_cookie("voicehive", before)
    assert not gets_in(stolen)


def test_signed_out_is_out_at_once_wherever_the_cookie_was_copied_to(shared: Guarded) -> None:
    client, copy = shared.signed_in("viewer"), shared.browser()
    copy.set_cookie("voicehive", cookie(client).value)
    assert gets_in(copy)
    assert client.post("/logout", headers=OWN).headers["Location"] == "/login"
    assert cookie(client) is None
    assert not gets_in(copy)


@pytest.mark.parametrize("path", ["/account/sign-out-everywhere", "/account/password"])
def test_all_other_browsers_are_signed_out(guarded: Guarded, path: str) -> None:
    here, there = guarded.signed_in("viewer"), guarded.signed_in("viewer")
    other = guarded.signed_in("operator")
    assert (gets_in(here), gets_in(there)) == (True, True)
    here.post(path, data={"password": PASSWORD, "new": "another long password"}, headers=OWN)
    assert not gets_in(there)
    assert gets_in(here) == path.endswith("password")
    assert gets_in(other)


def test_a_new_password_needs_the_old_one(guarded: Guarded) -> None:
    client = guarded.signed_in("viewer")
    wrong = client.post("/account/password", data={"password": "no", "new": "another long password"}, headers=OWN)
    short = client.post("/account/password", data={"password": PASSWORD, "new": "short"}, headers=OWN)
    assert (wrong.status_code, short.status_code) == (403, 400)
    assert sign_in(guarded.browser(), "viewer").status_code == 303


@pytest.mark.parametrize("change", [{"seen_at": -IDLE}, {"expires_at": -1}])
def test_a_session_ends_when_nobody_uses_it_and_in_the_end_anyway(guarded: Guarded, change: dict[str, int]) -> None:
    client = guarded.signed_in("viewer")
    (name, offset), *_ = change.items()
    with guarded.record.write() as connection:
        connection.execute(update(sessions).values({name: now_micros() + offset}))
    guarded.app.services.access.forget()
    assert not gets_in(client)


@pytest.mark.parametrize("change", [{"disabled": True}, {"role": Role.ADMIN}])
def test_a_change_elsewhere_bites_in_both_of_two_instances(tmp_path: Path, change: dict[str, Any]) -> None:
    url = f"sqlite:///{tmp_path / 'both.db'}"
    first = guarded_app(tmp_path / "a", database_url=url)
    second = Guarded(wired(tmp_path / "b", auth=True, database_url=url), first.keys)

    def has_bitten(client: Client) -> bool:
        if "disabled" in change:
            return not gets_in(client)
        return "role admin" in client.get("/account").text

    try:
        here = first.signed_in("operator")
        there = second.browser()
        there.set_cookie("voicehive", cookie(here).value)
        assert [has_bitten(client) for client in (here, there)] == [False, False]
        found = find_user(first.record, "operator")
        assert found
        change_user(first.record, found[0], **change)
        for client in (here, there):
            wait_until(lambda client=client: has_bitten(client), timeout=5, what="the change bites")  # type: ignore[misc]
    finally:
        unwired(first.app)
        unwired(second.app)


def test_after_five_wrong_passwords_the_right_one_has_to_wait_too(guarded: Guarded) -> None:
    client = guarded.browser()
    assert [sign_in(client, "viewer", "wrong").status_code for _ in range(5)] == [401] * 5
    late = sign_in(client, "Viewer")
    assert (late.status_code, 290 <= int(late.headers["Retry-After"]) <= 300) == (429, True)
    assert sign_in(client, "operator").status_code == 303
    assert sign_in(guarded.browser(), "viewer").status_code == 303
    assert actions(guarded).count(("viewer", "sign-in failed")) == 5


def test_tries_at_once_are_all_counted(guarded: Guarded) -> None:
    with ThreadPoolExecutor(12) as threads:
        found = list(
            threads.map(lambda _: sign_in(guarded.browser("10.0.0.1"), "viewer", "wrong").status_code, range(12))
        )
    assert sorted(found) == [401] * 5 + [429] * 7


def test_an_address_that_tries_many_names_has_to_wait(guarded: Guarded) -> None:
    client = guarded.browser()
    assert {sign_in(client, f"name{i}", "wrong").status_code for i in range(30)} == {401}
    assert sign_in(client, "viewer").status_code == 429


def test_a_forged_address_gains_nothing(guarded: Guarded) -> None:
    def tried(number: int) -> int:
        client = guarded.browser("127.0.0.1")
        client.environ_base["HTTP_X_FORWARDED_FOR"] = f"10.0.0.{number}"
        return int(sign_in(client, "viewer", "wrong").status_code)

    assert [tried(number) for number in range(6)] == [401] * 5 + [429]
    assert {entry.address for entry in audit.entries(guarded.record)} == {"127.0.0.1"}


def test_behind_a_named_proxy_each_client_is_itself_and_still_cannot_forge(tmp_path: Path) -> None:
    made = guarded_app(tmp_path, trusted_proxies=("127.0.0.1", "10.1.0.0/16"))
    try:
        chains = ["9.9.9.9, 10.0.0.7", "8.8.8.8, 10.0.0.7, 10.1.2.3", "bad, 10.0.0.8", "nonsense", ""]
        for chain in chains:
            client = made.browser("127.0.0.1")
            client.environ_base["HTTP_X_FORWARDED_FOR"] = chain
            sign_in(client, "viewer", "wrong")
        seen = [entry.address for entry in reversed(audit.entries(made.record))]
        assert seen == ["10.0.0.7", "10.0.0.7", "10.0.0.8", "127.0.0.1", "127.0.0.1"]
    finally:
        unwired(made.app)


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "\\\\evil.example",
     "evil.example", "javascript:alert(1)", "/%0d%0aSet-Cookie:x\r\ny", "/login", ""],
)  # fmt: skip
def test_after_the_sign_in_one_stays_on_this_site(shared: Guarded, target: str) -> None:
    client = shared.browser()
    assert sign_in(client, "viewer", next=target).headers["Location"] == "/"
    assert client.get("/login", query_string={"next": target}).headers["Location"] == "/"


def test_names_are_the_same_in_upper_and_lower_case_and_strange_ones_harm_nothing(shared: Guarded) -> None:
    assert sign_in(shared.browser(), " VIEWER ").status_code == 303
    for name in ("", "a\x00b", "line\nbreak", "x" * 5000, "<script>"):
        answer = sign_in(shared.browser(), name, "wrong")
        assert answer.status_code == 401
        assert '<script>"' not in answer.text and 'value="<script>' not in answer.text
    assert all("\n" not in entry.subject for entry in audit.entries(shared.record))


def test_what_happened_is_written_down(guarded: Guarded) -> None:
    client = guarded.signed_in("viewer")
    sign_in(guarded.browser(), "viewer", "wrong")
    client.post("/logout", headers=OWN)
    assert actions(guarded) == [("viewer", "signed out"), ("viewer", "sign-in failed"), ("viewer", "signed in")]


@pytest.mark.parametrize("path", ["/", "/login", "/api/kpis", "/_live/overview", "/_dash-layout", "/account"])
def test_nothing_private_is_kept_by_a_cache(shared: Guarded, path: str) -> None:
    assert shared.signed_in("viewer").get(path).headers["Cache-Control"] == "no-store"
    assert shared.browser().get(path).headers["Cache-Control"] == "no-store"


def test_the_navigation_says_who_one_is_and_what_one_may(shared: Guarded) -> None:
    layout = shared.signed_in("operator").get("/_dash-layout").text
    assert "vh-may-operate" in layout
    assert "vh-may-admin" not in layout
    assert "Account of operator" in layout
