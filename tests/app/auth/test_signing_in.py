"""Signing in and out by the pages, and what a session is good for."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import update

from app.auth.access import Access
from app.auth.addresses import household
from data.access import audit
from data.access.sessions import IDLE
from data.models import sessions
from data.times import now_micros
from tests.app.auth.conftest import OWN, PASSWORD, Guarded, guarded_app, sign_in
from tests.app.conftest import Client, unwired
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
    odd = shared.browser().get("/calls/a%2Fb/c%3Fd")
    assert odd.headers["Location"] == "/login?next=%2Fcalls%2Fa%252Fb%2Fc%253Fd"
    assert client.get("/login").headers["Location"] == "/"


def test_the_api_says_in_json_that_one_has_to_sign_in(shared: Guarded) -> None:
    answer = shared.browser().get("/api/kpis")
    assert (answer.status_code, answer.json["error"]["code"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(shared: Guarded) -> None:
    given = cookie(shared.signed_in("viewer"))
    assert (given.http_only, given.same_site, given.secure, given.path) == (True, "Lax", False, "/")
    assert given.value not in str(shared.sessions.listed())


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


def test_a_session_that_was_put_into_the_browser_is_not_used(stored: Guarded) -> None:
    client = stored.browser()
    client.set_cookie("voicehive", "planted")
    sign_in(client, "viewer")
    assert cookie(client).value != "planted"
    assert gets_in(client)
    planted = stored.browser()
    planted.set_cookie("voicehive", "planted")
    assert not gets_in(planted)


def test_signing_in_again_ends_the_session_before(stored: Guarded) -> None:
    client = stored.signed_in("viewer")
    before = cookie(client).value
    sign_in(client, "admin")
    assert cookie(client).value != before
    stolen = stored.browser()
    stolen.set_cookie("voicehive", before)
    assert not gets_in(stolen)


def test_signed_out_is_out_at_once_wherever_the_cookie_was_copied_to(stored: Guarded) -> None:
    client, copy = stored.signed_in("viewer"), stored.browser()
    copy.set_cookie("voicehive", cookie(client).value)
    assert gets_in(copy)
    assert client.post("/logout", headers=OWN).headers["Location"] == "/login"
    assert cookie(client) is None
    assert not gets_in(copy)


@pytest.mark.parametrize("path", ["/account/sign-out-everywhere", "/account/password"])
def test_all_other_browsers_are_signed_out(stored: Guarded, path: str) -> None:
    here, there = stored.signed_in("viewer"), stored.signed_in("viewer")
    other = stored.signed_in("operator")
    assert (gets_in(here), gets_in(there)) == (True, True)
    here.post(path, data={"password": PASSWORD, "new": "another long password"}, headers=OWN)
    assert not gets_in(there)
    assert gets_in(here) == path.endswith("password")
    assert gets_in(other)


def test_the_account_says_in_words_when_a_session_was_last_used(guarded: Guarded) -> None:
    shown = guarded.signed_in("viewer").get("/account").text
    assert re.search(r"last used \d+ [A-Z][a-z]{2} \d{4}, \d\d:\d\d UTC", shown)


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


def test_after_five_wrong_passwords_the_right_one_has_to_wait_too(guarded: Guarded) -> None:
    client = guarded.browser()
    assert [sign_in(client, "viewer", "wrong").status_code for _ in range(5)] == [401] * 5
    late = sign_in(client, "Viewer")
    assert (late.status_code, 290 <= int(late.headers["Retry-After"]) <= 300) == (429, True)
    assert sign_in(client, "operator").status_code == 303
    assert sign_in(guarded.browser(), "viewer").status_code == 303
    assert actions(guarded).count(("viewer", "sign-in failed")) == 5


def test_what_is_typed_in_place_of_a_name_is_not_kept(guarded: Guarded) -> None:
    client = guarded.browser()
    for name in ("hunter2 is mine", "hunter2 is mine", "another one", "VIEWER"):
        assert sign_in(client, name, "wrong").status_code == 401
    lines = [(entry.actor, entry.subject) for entry in reversed(audit.entries(guarded.record))]
    assert [actor for actor, _ in lines] == ["nobody", "nobody", "nobody", "viewer"]
    first, second, other, known = [subject for _, subject in lines]
    assert re.fullmatch(r"\(unknown name [0-9a-f]{8}\)", first)
    # The same name has the same mark, here; elsewhere it has another.
    assert (first == second, first == other, known) == (True, False, "viewer")
    assert Access(guarded.record, guarded.sessions, b"another key")._unknown("hunter2 is mine") != first


def test_names_that_nobody_has_wait_like_those_that_somebody_has(guarded: Guarded) -> None:
    for name in ("viewer", "nobody-of-this-name"):
        client = guarded.browser()
        assert [sign_in(client, name, "wrong").status_code for _ in range(6)] == [401] * 5 + [429], name


def test_a_name_that_nobody_has_costs_as_much_as_a_wrong_password(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    verify = PasswordHasher.verify

    def noted(self: PasswordHasher, stored: str, password: str) -> Any:
        checked.append(stored.partition("$v=19$")[2].partition("$")[0])
        return verify(self, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", noted)
    for name in ("viewer", "nobody-of-this-name", "a\x00b", ""):
        sign_in(guarded.browser(), name, "wrong")
    assert checked == [checked[0]] * 4


def test_all_addresses_of_one_network_wait_together(guarded: Guarded) -> None:
    def tried(address: str) -> int:
        return int(sign_in(guarded.browser(address), "viewer", "wrong").status_code)

    assert [tried(f"2001:db8:1::{n:x}") for n in range(6)] == [401] * 5 + [429]
    assert tried("2001:db8:1:0:ffff:ffff:ffff:1") == 429
    assert tried("2001:db8:1:1::1") == 401
    assert {household(one) for one in ("10.0.0.1", "::ffff:10.0.0.1")} == {"10.0.0.1"}
    assert household("no address") == "no address"


def test_more_than_a_few_who_wait_for_their_turn_are_asked_to_come_again(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, began = threading.Event(), threading.Semaphore(0)

    def slow(password: str, stored: str | None) -> bool:
        began.release()
        return go_on.wait(60)

    monkeypatch.setattr("app.auth.access.is_right", slow)
    with ThreadPoolExecutor(60) as threads:
        coming = [threads.submit(lambda: sign_in(guarded.browser(), "viewer")) for _ in range(60)]
        began.acquire()
        # Those who find the queue full are answered while it stands still; nobody else is looked at.
        wait_until(lambda: sum(each.done() for each in coming) == 60 - 32, "the others are answered")
        refused = [each.result() for each in coming if each.done()]
        assert {answer.status_code for answer in refused} == {503}
        assert {answer.headers["Retry-After"] for answer in refused} == {"3"}
        assert "Too many people sign in" in refused[0].text
        go_on.set()
        assert sum(each.result().status_code == 303 for each in coming) == 32


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
