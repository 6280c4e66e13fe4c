"""Wall screens: a link shows one page where nobody signs in, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.auth.permissions import PAGES, Need
from app.components.filterbar import CHIPS
from app.filters import BadFilter
from app.kiosk import kiosk_address
from app.pages import page_name
from data.access.audit import entries
from tests.app.auth.conftest import OWN, PASSWORD, Guarded, bearer, sign_in
from tests.app.conftest import Client

#: What is open to everybody, a screen too.
FOR_ALL = ("/login", "/logout", "/setup", "/password", "/api/auth/", "/_dash-", "/api/ingest/")
VIEW = "/trends?agent=roxy&kiosk=1"


def made(guarded: Guarded, name: str = "lobby", view: str = "/trends?agent=roxy", who: str = "operator") -> Any:
    return guarded.signed_in(who).post("/api/screens", json={"name": name, "view": view}, headers=OWN)


def screen(guarded: Guarded, link: str) -> Client:
    """A browser in which the link was opened."""
    client = guarded.browser()
    opened = client.get(link.removeprefix("http://localhost"), headers={"Sec-Fetch-Dest": "document"})
    assert (opened.status_code, opened.headers["Location"]) == (303, VIEW)
    return client


@pytest.fixture
def lobby(guarded: Guarded) -> Client:
    return screen(guarded, made(guarded).json["link"])


def test_the_link_opens_its_page_in_kiosk_mode_and_keeps_it_for_long(guarded: Guarded) -> None:
    answer = made(guarded)
    assert (answer.status_code, answer.json["screen"]["view"]) == (201, VIEW)
    secret = answer.json["link"].rpartition("/")[2]
    client = guarded.browser()
    opened = client.get(f"/kiosk/{secret}")
    assert opened.headers["Cache-Control"] == "no-store"
    kept = client.get_cookie("voicehive")
    assert kept and kept.max_age == 400 * 86_400 and kept.http_only and kept.same_site == "Lax"
    page = client.get(VIEW)
    assert (page.status_code, secret in page.text) == (200, False)
    assert client.get("/_live/trends?agent=roxy&kiosk=1&have=").status_code == 200
    layout = client.get("/_dash-layout", headers={"Referer": f"http://localhost{VIEW}"})
    assert layout.status_code == 200
    assert "vh-may-look" in layout.text and "vh-may-read" not in layout.text and "vh-account" not in layout.text


def test_a_screen_shows_its_page_with_its_filter_whatever_it_asks_for(guarded: Guarded, lobby: Client) -> None:
    def filtered(client: Client, query: str) -> str:
        answer = client.get(f"/_live/trends?{query}", headers={"Accept-Encoding": "identity"})
        assert answer.status_code == 200
        return json.dumps(answer.json["parts"][CHIPS])

    assert "max" in filtered(guarded.signed_in("viewer"), "agent=max")
    for query in (VIEW.partition("?")[2], "agent=max", ""):
        assert "roxy" in filtered(lobby, query) and "max" not in filtered(lobby, query)
    others = ("/", "/calls", "/trends", "/trends?agent=max&kiosk=1", "/admin", "/account", "/nowhere")
    for path in (*others, f"{VIEW}&agent=max"):
        led = lobby.get(path)
        assert (led.status_code, led.headers["Location"]) == (302, VIEW), path
    body = {"output": "vh-page.children", "outputs": {"id": "vh-page", "property": "children"}, "changedPropIds": [],
            "inputs": [{"id": "vh-url", "property": "pathname", "value": "/admin"}],
            "state": [{"id": "vh-url", "property": "search", "value": "?agent=max"}]}  # fmt: skip
    turned = lobby.post("/_dash-update-component", json=body, headers=OWN)
    assert turned.status_code == 200
    assert "ad-page" not in turned.text and "tr-" in turned.text
    for referrer in ("/admin", "/", "/calls"):
        layout = lobby.get("/_dash-layout", headers={"Referer": f"http://localhost{referrer}"}).text
        assert "ad-page" not in layout and "tr-" in layout


def test_a_screen_changes_nothing_and_reads_nothing_else(guarded: Guarded, lobby: Client) -> None:
    for rule in guarded.app.server.url_map.iter_rules():
        for method in (rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}:
            path = rule.rule.replace("<int:", "<").replace("<path:", "<")
            while "<" in path:
                path = path[: path.index("<")] + "1" + path[path.index(">") + 1 :]
            if path.startswith(("/login", "/logout", "/setup", "/password", "/api/auth/", "/_dash-", "/api/ingest/")):
                continue  # for everybody
            assert lobby.open(path, method=method, json={}, headers=OWN).status_code == 403, path
    for path in ("/api/kpis", "/api/calls", "/api/export/calls.csv", "/_rows/calls", "/_live/admin", "/_live/overview",
                 "/_live/calls", "/api/admin/keys", "/api/screens", "/api/openapi.json"):  # fmt: skip
        assert lobby.get(path).status_code == 403, path
    secret = lobby.get_cookie("voicehive")
    assert secret
    assert guarded.browser().get("/api/kpis", headers=bearer(secret.value)).status_code == 403


def test_another_key_in_the_cookie_opens_nothing(shared: Guarded) -> None:
    for scope in ("read", "admin"):
        client = shared.browser()
        assert client.get(f"/kiosk/{shared.keys[scope]}").status_code == 410
        client.set_cookie("voicehive", shared.keys[scope])
        assert client.get("/api/kpis").status_code == 401
        assert client.get("/_live/trends").status_code == 401


def test_a_screen_that_is_taken_off_ends_at_once_and_its_link_says_so(guarded: Guarded) -> None:
    told = made(guarded).json
    lobby = screen(guarded, told["link"])
    assert lobby.get("/_live/trends").status_code == 200
    operator = guarded.signed_in("operator")
    listed = operator.get("/api/screens").json
    assert [one["name"] for one in listed if one["used_at"]] == ["lobby"]
    path = f"/api/screens/{told['screen']['id']}"
    assert operator.delete(path, headers=OWN).status_code == 200
    assert lobby.get("/_live/trends").status_code == 401
    assert lobby.get(VIEW).headers["Location"].startswith("/login?next=%2Ftrends")
    over = lobby.get(told["link"].removeprefix("http://localhost"))
    assert (over.status_code, "wall screen was taken off" in over.text) == (410, True)
    assert [one["name"] for one in operator.get("/api/screens").json] == ["kiosk"]
    assert operator.delete(path, headers=OWN).status_code == 404
    # The name is free again.
    assert made(guarded).status_code == 201


def test_only_the_keys_of_screens_are_an_operators_to_revoke(guarded: Guarded) -> None:
    admin, operator = guarded.signed_in("admin"), guarded.signed_in("operator")
    program = next(key["id"] for key in admin.get("/api/admin/keys").json if key["name"] == "read")
    assert operator.delete(f"/api/screens/{program}", headers=OWN).status_code == 404
    assert guarded.browser().get("/api/kpis", headers=bearer(guarded.keys["read"])).status_code == 200
    told = made(guarded).json
    assert "lobby" in admin.get("/_live/admin?view=keys").text
    assert admin.delete(f"/api/admin/keys/{told['screen']['id']}", headers=OWN).status_code == 200
    assert made(guarded, who="viewer").status_code == 403


def test_the_secret_is_told_once_and_is_in_no_log(guarded: Guarded) -> None:
    told = made(guarded).json
    secret = told["link"].rpartition("/")[2]
    screen(guarded, told["link"])
    line = entries(guarded.record)[0]
    assert (line.actor, line.action, line.subject) == ("operator", "key created", "lobby")
    assert line.after == {"scopes": ["kiosk"], "view": VIEW}
    admin = guarded.signed_in("admin")
    for path in (
        "/api/screens",
        "/api/admin/keys",
        "/api/admin/audit",
        "/_live/admin?view=keys",
        "/_live/admin?view=audit",
    ):
        assert secret not in admin.get(path).text


def test_who_is_signed_in_stays_so_and_a_screen_may_become_a_persons(guarded: Guarded) -> None:
    link = made(guarded).json["link"].removeprefix("http://localhost")
    admin = guarded.signed_in("admin")
    before = admin.get_cookie("voicehive")
    assert admin.get(link).headers["Location"] == VIEW
    assert admin.get_cookie("voicehive") == before
    assert admin.get("/admin").status_code == 200
    lobby = guarded.browser()
    lobby.get(link)
    assert lobby.get("/login").status_code == 200
    assert sign_in(lobby, "admin", PASSWORD).status_code == 303
    assert lobby.get("/admin").status_code == 200
    lobby.post("/logout", headers=OWN)
    assert lobby.get(VIEW).headers["Location"].startswith("/login")


@pytest.mark.parametrize(
    "view",
    ["/admin", "/calls", "/reports", "/calls/a/b", "/nowhere", "//evil.example", "https://evil.example/", "trends", "",
     "/trends/../admin", "/\\evil.example", "http://[", "/trends?from=x", "/trends?zone=Nowhere/At_all",
     "/trends?a=" + "x" * 3000],
)  # fmt: skip
def test_a_screen_shows_only_pages_of_figures_with_a_filter_that_can_be_read(shared: Guarded, view: str) -> None:
    answer = made(shared, "hostile", view)
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "bad_parameter")


def test_the_address_of_a_view_is_one_that_every_browser_asks_for_as_it_stands() -> None:
    assert kiosk_address("/?kiosk=0", "UTC") == "/?kiosk=1"
    odd = kiosk_address("/trends?q=a%0d%0aSet-Cookie:x \"'<>é&agent=a+b#part", "UTC")
    assert odd == "/trends?q=a%0D%0ASet-Cookie%3Ax+%22%27%3C%3E%C3%A9&agent=a+b&kiosk=1"
    assert kiosk_address(odd, "UTC") == odd
    with pytest.raises(BadFilter, match="must be /, /trends, "):
        kiosk_address("/admin", "UTC")
    for name, need in PAGES.items():
        if need is Need.LOOK:
            assert page_name("/" if name == "overview" else f"/{name}") == name
