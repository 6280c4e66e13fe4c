"""What pages of other sites can make a browser do here: nothing, unless CORS_ORIGINS names them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.app.auth.conftest import OWN, Guarded, bearer, guarded_app
from tests.app.conftest import call, unwired

EVIL, FRIEND = {"Origin": "https://evil.example"}, {"Origin": "https://board.example"}
UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade"}
SOCKET = "/api/dashboard/ws/real-time"


@pytest.mark.parametrize("path", ["/api/calls", "/logout", "/login", "/_dash-update-component", "/account/password"])
@pytest.mark.parametrize("headers", [EVIL, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_post_from_another_site_is_refused(shared: Guarded, path: str, headers: dict[str, str]) -> None:
    client = shared.signed_in("admin")
    assert client.post(path, json={}, headers=headers).status_code == 403
    assert client.get("/api/kpis").status_code == 200


@pytest.mark.parametrize(
    "headers", [EVIL, {"Sec-Fetch-Site": "cross-site"}, {}], ids=["foreign", "embedded", "unnamed"]
)
def test_no_request_that_changes_something_is_taken_from_another_site(shared: Guarded, headers: dict[str, str]) -> None:
    client, tried = shared.signed_in("admin"), 0
    for rule in shared.app.server.url_map.iter_rules():
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}:
            path = re.sub(r"<[^>]*>", "1", rule.rule)
            answer = client.open(path, method=method, data="{}", headers=headers | {"Content-Type": "text/plain"})
            assert answer.status_code == 403, f"{method} {path}"
            assert "another site" in answer.text or "names its Origin" in answer.text, f"{method} {path}"
            tried += 1
    assert tried > 40
    assert client.get("/api/kpis").status_code == 200


def test_who_uses_a_session_says_where_the_request_comes_from(shared: Guarded) -> None:
    client = shared.signed_in("admin")
    assert client.post("/api/calls", json=call("a")).status_code == 403
    assert client.post("/api/calls", json=call("a"), headers=OWN).status_code == 201
    # A program with a key is no browser.
    assert shared.browser().post("/api/calls", json=call("a"), headers=bearer(shared.keys["ingest"])).status_code == 201


def test_the_socket_asks_who_and_from_where(shared: Guarded) -> None:
    assert shared.browser().get(SOCKET, headers=UPGRADE).status_code == 401
    assert shared.browser().get(SOCKET, headers=UPGRADE | bearer(shared.keys["ingest"])).status_code == 403
    viewer = shared.signed_in("viewer")
    for origin in (
        EVIL,
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost:1"},
    ):
        assert viewer.get(SOCKET, headers=UPGRADE | origin).status_code == 403
    # A browser says where a socket comes from; what says nothing is none.
    assert viewer.get(SOCKET, headers=UPGRADE).status_code == 403


def test_a_named_site_may_use_the_api_with_a_key_and_never_with_a_session(tmp_path: Path) -> None:
    made = guarded_app(tmp_path, cors_origins=("https://board.example",))
    try:
        client = made.signed_in("admin")
        asked = client.options("/api/kpis", headers=FRIEND | {"Access-Control-Request-Method": "GET"})
        assert asked.status_code == 204
        assert asked.headers["Access-Control-Allow-Origin"] == "https://board.example"
        assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]
        answer = client.get("/api/kpis", headers=FRIEND | bearer(made.keys["read"]))
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == "https://board.example"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert "Origin" in answer.vary
        assert client.get("/api/kpis", headers=FRIEND).status_code == 401
        assert client.post("/logout", headers=FRIEND).status_code == 403
        for other in (EVIL, {"Origin": "https://board.example.evil"}, {"Origin": "http://board.example"}):
            refused = client.get("/api/kpis", headers=other | bearer(made.keys["read"]))
            assert (refused.status_code, refused.headers.get("Access-Control-Allow-Origin")) == (403, None)
    finally:
        unwired(made.app)


def test_without_a_proxy_another_name_for_this_machine_is_refused(shared: Guarded) -> None:
    assert shared.browser().get("/login", headers={"Host": "evil.example"}).status_code == 403


def test_pages_run_scripts_of_their_own_only(shared: Guarded) -> None:
    for path in ("/", "/login", "/account"):
        policy = shared.signed_in("viewer").get(path, follow_redirects=True).headers["Content-Security-Policy"]
        assert "unsafe-eval" not in policy
        assert "script-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self'" in policy
