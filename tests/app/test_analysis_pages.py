"""The pages of analysts: what the refresh sends, and that every link leads to as many calls as it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from app.factory import App
from data.callers import CallerHash
from data.demo.history import generate
from data.times import DAY, now_micros, to_iso
from data.writer import apply
from tests.app.conftest import Client, Program, unwired, wired

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGES = ("trends", "agents", "quality", "service-level", "outcomes")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Three weeks of generated calls that end with the last midnight."""
    made = wired(tmp_path_factory.mktemp("analysis"))
    end = now_micros() // DAY * DAY
    for chunk in generate(end=end, days=21, calls_per_day=150, hash_caller=CallerHash(b"x" * 32)):
        apply(made.services.record, chunk)
    yield made
    unwired(made)


@pytest.fixture(scope="module")
def client(app: App) -> Client:
    return app.server.test_client()


@pytest.fixture(scope="module")
def weeks() -> str:
    end = now_micros() // DAY * DAY
    return f"from={to_iso(end - 14 * DAY)}&to={to_iso(end)}"


def parts(client: Client, name: str, query: str) -> Any:
    answer = client.get(f"/_live/{name}?{query}")
    assert answer.status_code == 200, answer.json
    return answer.json["parts"]


def links(content: Any) -> Iterator[tuple[str, str]]:
    """Every link to calls with all that is said on it."""
    if isinstance(content, list):
        for each in content:
            yield from links(each)
    elif isinstance(content, dict):
        props = content.get("props", {})
        if str(props.get("href", "")).startswith("/calls?"):
            yield props["href"], " ".join([words(props), props.get("aria-label", ""), props.get("data-tip") or ""])
        yield from links(props.get("children"))


def words(content: Any) -> str:
    if isinstance(content, dict):
        content = content.get("props", content)
        return words(content.get("children"))
    return " ".join(map(words, content)) if isinstance(content, list) else str(content or "")


def total(client: Client, link: str) -> int:
    found: int = client.get(f"/api/calls?{urlsplit(link).query}&limit=1").json["total"]
    return found


def said(text: str) -> set[int]:
    return {int(n.replace(",", "")) for n in re.findall(r"(?<![\d.])\d[\d,]*(?![\d.,]*\d)", text)}


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("trends", ""),
        ("trends", "by=agent&metric=csat"),
        ("trends", "by=end_reason&metric=success_rate&zone=Asia/Kolkata"),
        ("trends", "agent=roxy&metric=service_level&by=queue"),
        ("agents", ""),
        ("agents", "agent=roxy"),
        ("quality", ""),
        ("quality", "by=agent_version&stat=p99&direction=inbound"),
        ("service-level", ""),
        ("service-level", "hours=peak&queue=support&zone=Asia/Kolkata"),
        ("service-level", "hours=abandonment_rate&sl_seconds=33&sl_abandoned=exclude"),
        ("outcomes", ""),
        ("outcomes", "agent=max&direction=inbound&zone=America/New_York"),
    ],
)
def test_every_link_leads_to_as_many_calls_as_it_says(client: Client, weeks: str, name: str, query: str) -> None:
    found = [one for part in parts(client, name, f"{weeks}&{query}").values() for one in links(part.get("children"))]
    assert len(found) > 5
    # Of a long list each fifth will do.
    for link, text in found if len(found) < 40 else found[::5]:
        n = total(client, link)
        assert n in said(text), (n, text, link)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_small_and_a_second_look_costs_nothing(client: Client, weeks: str, name: str) -> None:
    answer = client.get(f"/_live/{name}?{weeks}")
    assert len(answer.data) < 250_000
    have = ",".join(f"{part}:{version}" for part, version in answer.json["versions"].items())
    assert client.get(f"/_live/{name}?{weeks}&have={have}").status_code == 204


@pytest.mark.parametrize("name", PAGES)
def test_an_empty_range_says_so_and_shows_no_nought(client: Client, name: str) -> None:
    found = parts(client, name, "from=2001-01-01&to=2001-01-02")
    text = " ".join(words(part.get("children")) for part in found.values())
    assert re.search(r"No (ended )?calls? ", text)
    assert "0 %" not in text
    assert "Highest" not in text


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("trends", "metric=moon"),
        ("trends", "by=caller_hash"),
        ("agents", "sort=moon"),
        ("quality", "stat=p42"),
        ("service-level", "sl_seconds=soon"),
        ("service-level", "sl_seconds=-1"),
        ("service-level", "hours=moon"),
    ],
)
def test_a_choice_that_does_not_exist_is_named(client: Client, name: str, query: str) -> None:
    answer = client.get(f"/_live/{name}?{query}")
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "bad_parameter")
    assert answer.json["error"]["message"].startswith(query.partition("=")[0])


def test_the_leaderboard_sorts_by_what_the_link_says(client: Client, weeks: str) -> None:
    def order(sort: str) -> list[str]:
        table = parts(client, "agents", f"{weeks}&sort={sort}")["ag-table"]["children"]
        return re.findall(r"\b(roxy|max|luna|atlas|nova|iris)\b", words(table))

    assert order("agent") == sorted(order("agent"))
    assert order("-agent") == order("agent")[::-1]
    assert order("") == order("-calls") == order("calls")[::-1]


def test_one_agent_has_a_page_of_its_own(client: Client, weeks: str) -> None:
    found = parts(client, "agents", f"{weeks}&agent=roxy")
    assert found["ag-board"]["className"] == "d-none"
    assert found["ag-one"]["className"] == ""
    expected = client.get(f"/api/kpis?{weeks}&agent=roxy").json
    assert f"{expected['total_calls']:,}" in words(found["ag-calls"]["children"])
    assert found["ag-volume"]["figure"]["data"]


# --- in a browser


WEEK = "from=now-8d/d&to=now-2d/d"


def arrived(page: Page, demo: Program) -> int:
    """How many calls the list that was opened holds, by the API."""
    page.wait_for_url(re.compile("/calls\\?"))
    found: int = demo.get(f"/api/calls?{urlsplit(page.url).query}&limit=1").json()["total"]
    return found


def in_table(page: Page, n: int) -> None:
    """The table of calls says the same."""
    page.locator("#ca-total").get_by_text(re.compile(f"(?<![\\d,]){n:,}(?![\\d,])")).first.wait_for()


_BAR = """([id, uid, i]) => {
  const graph = document.querySelector('#' + id + ' .js-plotly-plot');
  const trace = graph._fullData.find((t) => t.uid === uid);
  const at = graph.calcdata[trace.index][i];
  const box = graph.getBoundingClientRect();
  const { xaxis, yaxis } = { xaxis: graph._fullLayout.xaxis, yaxis: graph._fullLayout.yaxis };
  return { x: box.left + xaxis._offset + xaxis.c2p(at.p), y: box.top + yaxis._offset + yaxis.c2p(at.s0 + at.s / 2),
           value: at.s };
}"""


def click_bar(page: Page, graph: str, uid: str, i: int) -> int:
    """Click into the middle of a bar; the number it stands for."""
    page.locator(f"#{graph} .main-svg").first.wait_for()
    page.locator(f"#{graph}").scroll_into_view_if_needed()
    drawn = "([id, uid]) => document.querySelector('#' + id + ' .js-plotly-plot')._fullData?.some((t) => t.uid === uid)"
    page.wait_for_function(drawn, arg=[graph, uid])
    bar = page.evaluate(_BAR, [graph, uid, i])
    page.mouse.move(bar["x"] - 3, bar["y"])
    page.locator(f"#{graph} .hoverlayer .legend, #{graph} .hoverlayer .hovertext").first.wait_for()
    page.mouse.click(bar["x"], bar["y"])
    return int(bar["value"])


def test_from_a_bar_of_the_trends_to_its_calls(demo: Program, page: Page, errors: list[str]) -> None:
    page.goto(demo.url(f"/trends?{WEEK}&by=agent&bucket=day"))
    n = click_bar(page, "tr-chart", "roxy", 3)
    assert arrived(page, demo) == n > 0
    assert "agent=roxy" in page.url
    in_table(page, n)
    page.go_back()
    page.locator("#tr-chart .main-svg").first.wait_for()
    page.get_by_label("Trend: more").click()
    page.get_by_role("button", name="As a table").click()
    link = page.get_by_role("table").get_by_role("link").nth(8)
    text = link.inner_text()
    link.press("Enter")
    assert arrived(page, demo) == int(text.replace(",", "")) > 0
    page.go_back()
    cell = page.locator(".vh-heat-cell").nth(30)
    text = cell.inner_text()
    cell.click()
    assert arrived(page, demo) == int(text)
    assert errors == []


def test_a_chart_is_saved_as_a_picture_and_fills_the_screen(demo: Program, page: Page, errors: list[str]) -> None:
    page.goto(demo.url(f"/trends?{WEEK}&by=agent"))
    page.locator("#tr-chart .main-svg").first.wait_for()
    more = page.get_by_label("Trend: more")
    more.click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as image").click()
    assert saved.value.suggested_filename == "total-calls-by-agent.png"
    head = saved.value.path().read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    # Twice as sharp as on the screen.
    assert int.from_bytes(head[16:20]) == pytest.approx(2 * page.locator("#tr-chart").bounding_box()["width"], abs=4)  # type: ignore[index]
    more.click()
    page.get_by_role("button", name="Full screen").click()
    page.wait_for_function("() => document.fullscreenElement?.querySelector('#tr-chart')")
    page.wait_for_function("() => document.querySelector('#tr-chart .main-svg').getBoundingClientRect().height > 500")
    more.click()
    page.get_by_role("button", name="Full screen").click()
    page.wait_for_function("() => !document.fullscreenElement")
    assert errors == []


def test_from_an_agent_of_the_board_to_its_page_and_calls(demo: Program, page: Page, errors: list[str]) -> None:
    page.goto(demo.url(f"/agents?{WEEK}"))
    page.get_by_role("button", name="Success rate", exact=True).click()
    page.locator("th[aria-sort=descending]", has_text="Success rate").wait_for()
    page.get_by_role("link", name="luna", exact=True).first.click()
    page.locator("#ag-name").get_by_text("luna").wait_for()
    n = click_bar(page, "ag-volume", "success", 5)
    assert arrived(page, demo) == n > 0
    in_table(page, n)
    assert errors == []


def test_from_the_tree_of_end_reasons_to_its_calls(demo: Program, page: Page, errors: list[str]) -> None:
    page.goto(demo.url(f"/outcomes?{WEEK}"))
    block = page.locator(".vh-tree-leaf").first
    n = int(re.findall(r": ([\d,]+) calls", block.get_attribute("data-tip") or "")[0].replace(",", ""))
    block.focus()
    page.keyboard.press("Enter")
    assert arrived(page, demo) == n > 0
    in_table(page, n)
    assert errors == []


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize(
    "path",
    [
        "/trends?by=agent&view=grid",
        "/agents",
        "/agents?agent=roxy",
        "/outcomes",
        "/quality?by=agent",
        "/service-level?from=now-8d",
        "/system",
    ],
)
def test_nothing_sticks_out_sideways(demo: Program, page: Page, width: int, path: str, errors: list[str]) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(demo.url(path))
    page.locator(".vh-card:visible").nth(2).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert errors == []


def test_the_choices_of_the_trends_work_by_keyboard_and_stay_in_the_address(demo: Program, page: Page) -> None:
    page.goto(demo.url(f"/trends?{WEEK}"))
    page.locator("summary", has_text="Figure: Total calls").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Satisfaction").press("Enter")
    page.locator("#tr-head").get_by_text("Satisfaction").wait_for()
    assert "metric=csat" in page.url
    cell = page.locator(".vh-heat-cell[tabindex='0']")
    cell.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.classList.contains('vh-heat-cell')")
    page.reload()
    page.locator("#tr-head").get_by_text("Satisfaction").wait_for()
