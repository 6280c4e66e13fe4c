"""The filter bar in a real browser: what is chosen stands in the address, and the page shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.app.conftest import Client, Program, call

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_values_come_with_their_counts_and_bad_facets_are_named(client: Client) -> None:
    client.post("/api/calls", json=[call("1", agent="roxy"), call("2", agent="max"), call("3", agent="max")])
    assert client.get("/api/values?facet=agent&agent=roxy").json == [
        {"value": "max", "calls": 2},
        {"value": "roxy", "calls": 1},
    ]
    answer = client.get("/api/values?facet=metadata")
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "bad_parameter")


def test_choosing_values_is_one_step_back(demo: Program, page: Page) -> None:
    page.goto(demo.url("/?from=now-7d"))
    page.locator("#vh-values-menu > summary").click()
    page.locator("[data-facet=queue]").click()
    boxes = page.locator("#vh-values input")
    boxes.nth(0).check()
    boxes.nth(1).check()
    chips = page.locator(".vh-chip")
    expect(chips).to_have_count(2)
    first, second = (boxes.nth(n).get_attribute("data-value") for n in (0, 1))
    assert f"queue={first}&queue={second}" in page.url
    page.keyboard.press("Escape")
    expected = demo.get(f"/api/kpis?from=now-7d&queue={first}&queue={second}").json()["total_calls"]
    shown = page.locator("#ov-total .vh-kpi-value").inner_text()
    assert abs(int(shown.replace(",", "")) - expected) <= 3  # the demo goes on between the two looks
    page.go_back()
    expect(chips).to_have_count(0)
    assert "queue" not in page.url
    page.go_forward()
    expect(chips).to_have_count(2)
    chips.first.click()
    expect(chips).to_have_count(1)


def test_search_is_reached_by_a_key_and_kept_by_a_reload(demo: Program, page: Page) -> None:
    page.goto(demo.url("/"))
    page.locator("#ov-total .vh-kpi-value").wait_for()
    page.keyboard.press("/")
    page.keyboard.type("roxy")
    expect(page.get_by_role("button", name="Remove filter search: roxy")).to_be_visible()
    assert "q=roxy" in page.url
    page.reload()
    expect(page.locator("#vh-q")).to_have_value("roxy")


def test_the_filter_goes_along_to_a_call_and_back(demo: Program, page: Page) -> None:
    page.goto(demo.url("/?from=now-7d&agent=roxy&zone=Asia/Tokyo"))
    page.locator(".vh-feed-link").first.click()
    expect(page.locator(".vh-call-title")).to_be_visible()
    expect(page).to_have_title(
        "Call " + page.locator(".vh-call-title").inner_text().removeprefix("Call ") + " · VoiceHive"
    )
    assert "zone=Asia/Tokyo" in page.url
    page.locator(".vh-brand").click()
    expect(page.get_by_role("button", name="Remove filter agent: roxy")).to_be_visible()
    expect(page.locator("#vh-range-label")).to_have_text("Last 7 days")


def test_on_a_phone_filters_are_a_sheet(demo: Program, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(demo.url("/"))
    page.locator("#vh-values-menu > summary").click()
    page.locator("#vh-values input").first.wait_for()
    box = page.locator(".vh-values-panel").bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, 390)
    assert box["y"] + box["height"] == 800
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_wall_shows_no_controls_but_range_zone_and_age(demo: Program, page: Page) -> None:
    page.goto(demo.url("/?kiosk=1&agent=roxy"))
    expect(page.locator("#vh-age")).to_contain_text("Live")
    for hidden in ("#vh-values-menu", "#vh-q", ".vh-nav-links", "#vh-compare"):
        expect(page.locator(hidden)).to_be_hidden()
    for visible in ("#vh-range-label", "#vh-zone-label", ".vh-chip"):
        expect(page.locator(visible)).to_be_visible()
