"""Saved views: whose they are, and where the bare address leads."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.app.conftest import Client, Program

WEEK = {"name": "Roxy's week", "path": "/calls", "query": "from=now-7d&agent=roxy"}


def names(client: Client) -> list[str]:
    return [view["name"] for view in client.get("/api/views").json]


def test_a_view_is_kept_replaced_and_forgotten(client: Client) -> None:
    saved = client.post("/api/views", json=WEEK)
    assert saved.status_code == 201
    assert saved.json == [WEEK | {"id": saved.json[0]["id"], "shared": True, "home": False}]
    client.post("/api/views", json=WEEK | {"query": "from=now-1h"})
    [view] = client.get("/api/views").json
    assert view["query"] == "from=now-1h"
    assert client.delete(f"/api/views/{view['id']}").json == []
    assert client.delete(f"/api/views/{view['id']}").status_code == 404


def test_the_bare_address_leads_to_the_home_view_and_nothing_else_does(client: Client) -> None:
    client.post("/api/views", json=WEEK)
    client.post("/api/views", json=WEEK | {"name": "Other", "path": "/trends", "query": ""})
    first, second = (view["id"] for view in client.get("/api/views").json)
    assert client.get("/").status_code == 200
    client.put(f"/api/views/{first}/home")
    client.put(f"/api/views/{second}/home")
    assert [view["home"] for view in client.get("/api/views").json] == [False, True]
    client.put(f"/api/views/{second}/home")
    answer = client.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/calls?from=now-7d&agent=roxy")
    assert client.get("/?from=now-1h").status_code == 200
    client.delete(f"/api/views/{second}/home")
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"name": " "}, "name"),
        ({"path": "//evil.example"}, "path"),
        ({"path": "https://evil.example"}, "path"),
        ({"path": "/\\evil"}, "path"),
        ({"query": "a=b\r\nSet-Cookie: x"}, "query"),
        ({"owner": "admin"}, "owner"),
    ],
)
def test_what_is_no_view_is_refused_by_name(client: Client, change: dict[str, Any], place: str) -> None:
    answer = client.post("/api/views", json=WEEK | change)
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "invalid_view")
    assert answer.json["error"]["message"].startswith(f"{place}: ")
    assert names(client) == []


def test_a_view_is_saved_and_opened_in_the_browser(demo: Program, page: Page) -> None:
    page.goto(demo.url("/calls?from=now-7d&agent=roxy&sort=-duration_seconds"))
    page.locator("#vh-views-menu > summary").click()
    page.get_by_label("Save this page as").fill("Longest of roxy")
    page.keyboard.press("Enter")
    expect(page.locator(".vh-view a")).to_have_text("Longest of roxy")
    page.goto(demo.url("/?from=now-1h"))
    page.locator("#vh-views-menu > summary").click()
    page.locator(".vh-view a").click()
    expect(page.locator("#vh-range-label")).to_have_text("Last 7 days")
    expect(page.get_by_role("button", name="Remove filter agent: roxy")).to_be_visible()
    assert page.url.endswith("/calls?from=now-7d&agent=roxy&sort=-duration_seconds")
    page.locator("#vh-views-menu > summary").click()
    page.get_by_role("button", name="Delete the view Longest of roxy").click()
    expect(page.locator(".vh-view")).to_have_count(0)
