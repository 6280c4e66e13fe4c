"""A key figure is the same on every page, in the API and in what plain pandas makes of the exported calls."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from app.factory import App
from app.figures import units
from app.pages.agents.board import COLUMNS
from app.pages.table import PAGES
from data.callers import CallerHash
from data.demo.history import generate
from data.kpis import KPIS
from data.times import DAY, now_micros, to_iso
from data.writer import apply
from tests.app.conftest import Client, unwired, wired

FILTERS = (
    "",
    "agent=roxy",
    "queue=sales&queue=billing&direction=inbound",
    "status=success&zone=America/New_York",
    "min_duration=60&csat=4&csat=5",
    "weekday=1&hour=9&hour=10&zone=Asia/Kolkata",
)
#: Pages whose cards hold key figures of calls -> how many of them the API knows, too.
CARDS = {"overview": 4, "agents": 8, "quality": 1, "service-level": 5}
_BY_LABEL = {kpi.label: name for name, kpi in KPIS.items()} | {"Active calls": "active_calls"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Two weeks of generated calls that end with the last midnight."""
    made = wired(tmp_path_factory.mktemp("figures"))
    for chunk in generate(end=_midnight(), days=15, calls_per_day=150, hash_caller=CallerHash(b"x" * 32)):
        apply(made.services.record, chunk)
    yield made
    unwired(made)


@pytest.fixture(scope="module")
def client(app: App) -> Client:
    return app.server.test_client()


def _midnight() -> int:
    return now_micros() // DAY * DAY


def week(query: str) -> str:
    """The last seven whole days, narrowed."""
    return f"from={to_iso(_midnight() - 7 * DAY)}&to={to_iso(_midnight())}&{query}"


def api(client: Client, query: str, of: str = "kpis") -> Any:
    answer = client.get(f"/api/{of}?{week(query)}")
    assert answer.status_code == 200, answer.json
    return answer.json


def parts(client: Client, page: str, query: str) -> dict[str, Any]:
    answer = client.get(f"/_live/{page}?{week(query)}")
    assert answer.status_code == 200, answer.json
    found: dict[str, Any] = answer.json["parts"]
    return found


def elements(content: Any, cls: str) -> Iterator[dict[str, Any]]:
    """The props of all elements of a class, in their order."""
    if isinstance(content, list):
        for one in content:
            yield from elements(one, cls)
    elif isinstance(content, dict):
        props = content.get("props", content)
        if cls in (props.get("className") or "").split():
            yield props
        yield from elements(props.get("children"), cls)


def text(content: Any) -> str:
    if isinstance(content, dict):
        props = content.get("props", content)
        return "" if "visually-hidden" in (props.get("className") or "") else text(props.get("children"))
    return " ".join(filter(None, map(text, content))) if isinstance(content, list) else str(content or "")


def cards(found: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Key figure -> what its card shows, and its exact value."""
    shown = {}
    for part in found.values():
        for label in elements(part.get("children"), "vh-kpi-label"):
            value = next(elements(part["children"], "vh-kpi-value"))
            if name := _BY_LABEL.get(text(label)):
                shown[name] = (text(value), value.get("data-tip") or "")
    return shown


def unit(name: str) -> str:
    return KPIS[name].unit if name in KPIS else "calls"


@pytest.mark.parametrize("query", FILTERS)
@pytest.mark.parametrize("page", CARDS)
def test_a_card_shows_what_the_api_says(client: Client, page: str, query: str) -> None:
    if page == "agents":  # its cards are those of one agent
        query = f"{query}&agent=roxy"
    figures, shown = api(client, query), cards(parts(client, page, query))
    assert len(shown) == CARDS[page]
    for name, (value, exact) in shown.items():
        currency = "USD" if unit(name) == "money" else None
        assert value == units.text(figures[name], unit(name), currency), name
        assert exact in ("", units.exact(figures[name], unit(name), currency)), name


def test_no_other_page_has_cards_of_key_figures(client: Client) -> None:
    assert [page.name for page in PAGES if page.name not in CARDS and cards(parts(client, page.name, ""))] == []


@pytest.mark.parametrize(("metric", "query"), list(zip(KPIS, itertools.cycle(FILTERS), strict=False)))
def test_trends_shows_what_the_api_says(client: Client, metric: str, query: str) -> None:
    found = parts(client, "trends", f"{query}&metric={metric}")
    row = next(elements(found["tr-whole"]["children"], "vh-row-value"))
    currency = "USD" if unit(metric) == "money" else None
    assert row["children"] == units.text(api(client, query)[metric], unit(metric), currency)


@pytest.mark.parametrize("query", FILTERS)
def test_a_series_adds_up_to_the_total(client: Client, query: str) -> None:
    total = api(client, query)["total_calls"]
    assert total > 0
    for by in ("", "&by=agent"):
        series = api(client, f"{query}&metric=calls&bucket=day{by}", "series")
        assert sum(point["value"] for point in series) == total, by


@pytest.mark.parametrize("query", [query for query in FILTERS if "agent=" not in query])
def test_agents_side_by_side_are_those_of_the_api(client: Client, query: str) -> None:
    known = {row["agent"]: row for row in api(client, query, "agents")}
    table = parts(client, "agents", query)["ag-table"]["children"]
    rows = {text(row["children"][0]): row["children"][1:] for row in of_type(table, "Tr") if "vh-agent" in str(row)}
    assert rows.keys() == known.keys()
    for agent, cells in rows.items():
        for column, cell in zip(COLUMNS, cells, strict=True):
            if column.key in known[agent]:
                value = next(elements(cell, "vh-cell-value"))
                assert value["children"] == units.text(known[agent][column.key], column.unit), (agent, column.key)


def of_type(content: Any, name: str) -> Iterator[dict[str, Any]]:
    """The props of all elements of a type."""
    if isinstance(content, list):
        for one in content:
            yield from of_type(one, name)
    elif isinstance(content, dict):
        if content.get("type") == name:
            yield content["props"]
        yield from of_type(content.get("props", content).get("children"), name)


@pytest.mark.parametrize("query", FILTERS)
def test_the_api_says_what_plain_pandas_makes_of_the_export(client: Client, query: str) -> None:
    file = client.get(f"/api/export/calls.csv?{week(query)}")
    assert file.status_code == 200
    figures = api(client, query)
    expected = figures_of(pd.read_csv(io.BytesIO(file.data)))
    assert expected.keys() == KPIS.keys()
    assert {name: figures[name] for name in expected} == pytest.approx(expected, nan_ok=True)


def figures_of(exported: pd.DataFrame) -> dict[str, float | None]:
    """The definitions of data/kpis.py, written once more."""
    calls = exported[~exported["status"].isin(["in_progress", "invalid"])]
    offered = calls[(calls["direction"] == "inbound") & calls["queued_at"].notna()]
    answered = offered[offered["answered_at"].notna()]
    seconds, priced = calls["duration_seconds"], calls[calls["cost"].notna()]
    possible = (calls["latency_ms"] >= 0) & (seconds.isna() | (calls["latency_ms"] <= seconds * 1000))
    latency = calls["latency_ms"][possible]
    successes, cost = int((priced["status"] == "success").sum()), float(priced["cost"].sum())
    figures: dict[str, Any] = {
        "total_calls": len(calls),
        "success_rate": 100 * (calls["status"] == "success").mean(),
        "error_rate": 100 * (calls["status"] == "error").mean(),
        "abandonment_rate": 100 * (offered["status"] == "abandoned").mean(),
        "offered": len(offered),
        "avg_duration_seconds": seconds.mean(),
        "p50_duration_seconds": seconds.quantile(0.5),
        "p95_duration_seconds": seconds.quantile(0.95),
        "p99_duration_seconds": seconds.quantile(0.99),
        "aht_seconds": (seconds + calls["after_call_seconds"].fillna(0)).mean(),
        "asa_seconds": answered["wait_seconds"].mean(),
        "avg_wait_seconds": offered["wait_seconds"].mean(),
        "p50_wait_seconds": offered["wait_seconds"].quantile(0.5),
        "p95_wait_seconds": offered["wait_seconds"].quantile(0.95),
        "service_level": 100 * len(answered[answered["wait_seconds"] <= 20]) / len(offered) if len(offered) else None,
        "csat": calls["csat"].mean(),
        "cost": cost if len(priced) else None,
        "cost_per_call": priced["cost"].mean(),
        "cost_per_minute": cost * 60 / minutes if (minutes := priced["duration_seconds"].sum()) else None,
        "cost_per_success": cost / successes if successes else None,
        "avg_latency_ms": latency.mean(),
        "p95_latency_ms": latency.quantile(0.95),
    }
    return {name: None if value is None or pd.isna(value) else float(value) for name, value in figures.items()}
