"""Grafana's dashboards: every panel shows something, and its parts fit together."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.theme import DARK
from tests.conftest import ROOT
from tests.monitoring.conftest import Stack
from tests.servers import wait_until

DASHBOARDS = sorted((ROOT / "monitoring" / "dashboards").glob("*.json"))
PROVISIONING = ROOT / "monitoring" / "grafana" / "provisioning"
#: What Grafana puts for its own variables; those of a dashboard stand for all values.
GRAFANAS_OWN = {"__rate_interval": "1m", "__range": "5m", "__interval": "15s"}

each_dashboard = pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)


def load(path: Path) -> dict[str, Any]:
    board: dict[str, Any] = json.loads(path.read_text())
    return board


def filled(board: dict[str, Any], text: str) -> str:
    values = GRAFANAS_OWN | {each["name"]: each.get("allValue", "") for each in board["templating"]["list"]}
    return re.sub(r"\$\{?(\w+)\}?", lambda found: values[found[1]], text)


def queries(board: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Title and expression of every query: of panels, of variables and of annotations."""
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], filled(board, target["expr"])
    for variable in board["templating"]["list"]:
        if found := re.fullmatch(r"label_values\((.+), (\w+)\)", variable.get("definition", "")):
            yield f"variable {variable['name']}", f"group by ({found[2]}) ({found[1]})"


def test_there_are_dashboards_for_operations_calls_and_objectives() -> None:
    assert [path.stem for path in DASHBOARDS] == ["calls", "operations", "slo"]


@pytest.mark.slow
@each_dashboard
def test_every_query_returns_a_series(stack: Stack, path: Path) -> None:
    empty = list(queries(load(path)))

    def all_have_one() -> bool:
        empty[:] = [(title, expr) for title, expr in empty if not stack.query(expr)]
        return not empty

    # A scrape that a busy machine answers too late leaves a gap of a second.
    with contextlib.suppress(TimeoutError):
        wait_until(all_have_one)
    assert empty == []


@each_dashboard
def test_panels_are_described_and_do_not_overlap(path: Path) -> None:
    board = load(path)
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]
    assert [panel["title"] for panel in panels if not panel["description"].endswith(".")] == []
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    for one, other in itertools.combinations([panel["gridPos"] for panel in board["panels"]], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in board["panels"])


@each_dashboard
def test_every_panel_asks_the_chosen_data_source_and_has_a_unit(path: Path) -> None:
    for panel in load(path)["panels"]:
        if panel["type"] == "row":
            continue
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]
        assert panel["type"] in ("table", "state-timeline") or "unit" in panel["fieldConfig"]["defaults"], panel[
            "title"
        ]


def test_an_outcome_has_the_colour_it_has_in_the_app() -> None:
    for panel in load(ROOT / "monitoring" / "dashboards" / "calls.json")["panels"]:
        for override in panel.get("fieldConfig", {}).get("overrides", ()):
            status, properties = override["matcher"]["options"], override["properties"]
            colour = next((each["value"]["fixedColor"] for each in properties if each["id"] == "color"), None)
            assert status not in DARK or colour == DARK[status], panel["title"]


def test_dashboards_have_ids_of_their_own_and_the_provisioned_data_source() -> None:
    boards = [load(path) for path in DASHBOARDS]
    assert len({board["uid"] for board in boards}) == len(boards)
    (file,) = (PROVISIONING / "datasources").glob("*.yml")
    sources = {each["uid"]: each for each in yaml.safe_load(file.read_text())["datasources"]}
    for board in boards:
        (source,) = (each for each in board["templating"]["list"] if each["type"] == "datasource")
        assert source["current"]["value"] in sources
    (exemplar,) = sources["prometheus"]["jsonData"]["exemplarTraceIdDestinations"]
    assert exemplar["datasourceUid"] in sources
