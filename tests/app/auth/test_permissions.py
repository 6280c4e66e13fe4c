"""Every route, page and callback there is, and who gets in."""

from __future__ import annotations

import re
from typing import Any, cast

import pytest
from werkzeug.routing import Rule

from app.auth.admission import Unlisted, components_of, demand_listed, needs_of_callback, route_name
from app.auth.permissions import CALLBACKS, OF_ROLE, PAGES, ROUTES, Need, granted
from app.pages import LIVE_PARTS
from data.access.roles import Role, Scope
from tests.app.auth.conftest import OWN, Guarded, bearer

#: Who comes, and what they may.
WHO: dict[str, frozenset[Need]] = (
    {"nobody": frozenset()}
    | {role.value: OF_ROLE[role] for role in Role}
    | {f"key {scope.value}": granted([scope]) for scope in Scope}
)
REFUSED = (401, 403)
#: Tested on their own: they end the session, are only for people, or are no plain request.
ELSEWHERE = ("/account", "/account/password", "/account/sign-out-everywhere", "/api/dashboard/ws/real-time")


def routes(shared: Guarded) -> list[tuple[str, Rule]]:
    return [
        (method, rule)
        for rule in shared.app.server.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def come(shared: Guarded, who: str) -> tuple[Any, dict[str, str]]:
    """The client and the headers of somebody."""
    if who.startswith("key "):
        return shared.browser(), bearer(shared.keys[who.removeprefix("key ")]) | OWN
    return (shared.browser() if who == "nobody" else shared.signed_in(who)), OWN


def path_of(rule: Rule) -> str:
    """An address of the rule, of something that does not exist."""
    return re.sub(r"<[^>]*>", "1", re.sub(r"<int:[^>]*>", "999999", rule.rule))


@pytest.mark.parametrize("who", WHO)
def test_every_route_lets_in_whom_the_table_names_and_nobody_else(shared: Guarded, who: str) -> None:
    client, headers = come(shared, who)
    wrong = []
    for method, rule in routes(shared):
        need = Need.READ if rule.rule in ("/", "/<path:path>") else ROUTES[route_name(rule, method)]
        # What is open to all checks what it is given by itself; pages and callbacks have tests below.
        if need in (Need.OPEN, Need.OF_PAGE, Need.OF_CALLBACK) or rule.rule in ELSEWHERE:
            continue
        answer = client.open(path_of(rule), method=method, headers=headers)
        led_away = answer.status_code == 302  # to the sign-in, a wall screen to its own page
        expected = need in WHO[who]
        if (answer.status_code not in REFUSED and not led_away) != expected:
            wrong.append(f"{method} {rule.rule} ({need}): {answer.status_code}")
        if answer.status_code in REFUSED:
            assert answer.status_code == (401 if who == "nobody" else 403), rule.rule
    assert wrong == []


@pytest.mark.parametrize("who", WHO)
def test_every_page_refreshes_for_whom_the_table_names(shared: Guarded, who: str) -> None:
    client, headers = come(shared, who)
    for name in LIVE_PARTS:
        status = client.get(f"/_live/{name}", headers=headers).status_code
        expected = PAGES[name] in WHO[who] and (who != "key kiosk" or name == "trends")
        assert (status not in REFUSED) == expected, name


@pytest.mark.parametrize("who", WHO)
def test_every_callback_runs_for_whom_the_table_names(shared: Guarded, who: str) -> None:
    client, headers = come(shared, who)
    for name, callback in shared.app.pages.callback_map.items():
        if "callback" not in callback:
            continue  # it runs in the browser
        needs = needs_of_callback(name, callback)
        assert needs, name
        body = {"output": name, "outputs": {}, "inputs": [], "changedPropIds": []}
        status = client.post("/_dash-update-component", json=body, headers=headers).status_code
        assert (status not in REFUSED) == (needs <= WHO[who]), name


def test_a_route_that_is_not_listed_is_refused_to_everybody(guarded: Guarded) -> None:
    server = guarded.app.server
    server._got_first_request = False
    server.add_url_rule("/api/new", "new", lambda: "secret")
    assert guarded.signed_in("admin").get("/api/new").status_code == 403
    assert guarded.browser().get("/api/new", headers=bearer(guarded.keys["admin"])).status_code == 403
    with pytest.raises(Unlisted, match="ROUTES: GET /api/new"):
        demand_listed(server.url_map, LIVE_PARTS, guarded.app.pages.callback_map)


def test_what_is_not_listed_stops_the_start(shared: Guarded) -> None:
    with pytest.raises(Unlisted, match="PAGES: new"):
        demand_listed(shared.app.server.url_map, ["new"], {})
    with pytest.raises(Unlisted, match="CALLBACKS: new-box"):
        demand_listed(shared.app.server.url_map, [], {"..vh-page.children...new-box.children..": {"callback": 1}})


@pytest.mark.parametrize(
    ("name", "callback", "components"),
    [
        ("a.children", {}, {"a"}),
        ("..a.children...b.value..", {}, {"a", "b"}),
        ("a.children@0123", {}, {"a"}),
        ('{"index":["MATCH"],"type":"row"}.children', {}, {"row"}),
        ("0123", {"no_output": True, "inputs": [{"id": "button", "property": "n_clicks"}]}, {"button"}),
    ],
)
def test_a_callback_is_known_by_what_it_changes(name: str, callback: Any, components: set[str]) -> None:
    assert components_of(name, callback) == components


def test_a_callback_asks_for_all_that_it_changes() -> None:
    assert needs_of_callback("..vh-page.children...unheard-of.children..", {}) is None
    assert needs_of_callback("vh-page.children", {}) == {CALLBACKS["vh-page"]}


def test_the_table_names_no_route_that_does_not_exist(shared: Guarded) -> None:
    assert set(ROUTES) - {route_name(rule, method) for method, rule in routes(shared)} == set()


def test_what_only_admins_may_see_is_not_there_for_others(shared: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cast("dict[str, Need]", PAGES), "alerts", Need.ADMIN)
    monkeypatch.setitem(cast("dict[str, Need]", CALLBACKS), "vh-page", Need.ADMIN)
    body = {"output": "vh-page.children", "outputs": {}, "inputs": [], "changedPropIds": []}
    for who, expected in (("viewer", 403), ("operator", 403), ("admin", 200)):
        client = shared.signed_in(who)
        page = client.get("/alerts")
        assert (page.status_code, "You may not see this page" in page.text) == (expected, expected == 403)
        assert client.get("/_live/alerts").status_code == expected
        assert (client.post("/_dash-update-component", json=body, headers=OWN).status_code == 403) == (expected == 403)
        assert (r'"\u002falerts","className":"vh-nav-link' in client.get("/_dash-layout").text) == (expected == 200)
        there = client.get("/_dash-layout", headers={"Referer": "http://localhost/alerts"}).text
        assert ("You may not see this page" in there) == (expected == 403)


def test_each_role_may_all_that_the_one_before_may() -> None:
    viewer, operator, admin = (OF_ROLE[role] for role in (Role.VIEWER, Role.OPERATOR, Role.ADMIN))
    assert viewer < operator < admin
