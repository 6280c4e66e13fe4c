"""Charts of the analysts' pages: valid for Plotly, exact in what their points stand for, safe with any name."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import orjson
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.addresses import calls_link
from app.figures import drill
from app.figures.costs import costs
from app.figures.histogram import bin_label, histogram
from app.figures.palette import looks
from app.figures.treemap import Rect, squarified
from app.figures.trend import outside, trend
from app.theme import painted
from data.filters import CallFilter
from data.kpis import KPIS
from data.queries.board import DURATION_BINS
from data.queries.marks import Mark
from data.queries.outcomes import outcomes
from data.queries.trends import trends
from data.times import DAY, HOUR
from tests.data.month import MONTH_END, Month, month

WEEK = CallFilter(start=MONTH_END - 7 * DAY, end=MONTH_END, zone="Europe/Berlin")


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Month]:
    yield from month(tmp_path_factory.mktemp("figures"))


def asked(calls: Month, chosen: CallFilter = WEEK, **more: Any) -> Any:
    how: dict[str, Any] = {"metric": "total_calls", "by": None, "bucket": "auto", "compare": True, "now": MONTH_END}
    return trends(calls.copy, chosen, **how | more)


def valid(figure: dict[str, Any]) -> dict[str, Any]:
    go.Figure(painted(figure))
    assert orjson.loads(orjson.dumps(figure)) == figure
    return figure


def named(figure: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {trace["uid"]: trace for trace in figure["data"]}


# --- trends


@pytest.mark.parametrize("metric", KPIS)
@pytest.mark.parametrize(("by", "view"), [(None, "lines"), ("agent", "stacked"), ("agent", "lines"), ("agent", "grid")])
def test_every_figure_can_be_drawn_in_every_way(calls: Month, metric: str, by: str | None, view: str) -> None:
    found = valid(trend(asked(calls, metric=metric, by=by), view=view))
    assert len(orjson.dumps(found)) < 60_000
    if metric in ("total_calls", "offered", "cost"):
        assert found["layout"]["yaxis"]["range"][0] == 0


def test_the_stack_is_as_high_as_all_calls_and_its_parts_lead_to_theirs(calls: Month) -> None:
    data = asked(calls, by="agent")
    figure = valid(trend(data, view="stacked"))
    traces = named(figure)
    agents = [line.name for line in data.lines]
    totals = [sum(column) for column in zip(*(traces[name]["y"] for name in agents), strict=True)]
    assert totals == data.total.series
    found = figure["layout"]["meta"]["calls"]
    assert len(found["edges"]) == len(totals) + 1
    assert found["series"]["roxy"] == {"agent": ["roxy"]}
    assert "of=counted" in found["base"]


def test_what_is_not_normal_wears_a_ring_and_a_cut_bucket_is_not_judged(calls: Month) -> None:
    data = asked(calls, CallFilter(start=MONTH_END - DAY - HOUR // 2, end=MONTH_END), bucket="hour")
    assert data.band is not None
    data.total.series[5] = 10_000
    data.total.series[0] = data.total.series[-1] = 10_000
    assert 5 in outside(data)
    assert 0 not in outside(data)
    rings = named(trend(data, view="lines"))["unusual"]["y"]
    assert rings[5] == 10_000
    assert rings[0] is None
    assert "unusual" not in named(trend(data, view="lines", band=False))


def test_marks_stand_where_they_happened_on_the_clock(calls: Month) -> None:
    data = asked(calls)
    at = data.edges[3] + 5 * 60 * 1_000_000
    figure = valid(trend(data, view="lines", marks=[Mark(at, "alert", "HighErrorRate <b>fired</b>")]))
    sign, line = figure["layout"]["annotations"][0], figure["layout"]["shapes"][0]
    spans = named(figure)["span"]
    assert spans["x0"] + 2 * spans["dx"] < line["x0"] == sign["x"] < spans["x0"] + 4 * spans["dx"]
    assert sign["hovertext"] == "HighErrorRate &lt;b&gt;fired&lt;/b&gt;"


def test_names_from_outside_are_no_markup(calls: Month) -> None:
    data = asked(calls, by="agent")

    bad = dataclasses.replace(data.lines[0], name="<a href='x'>roxy</a>")
    figure = trend(dataclasses.replace(data, lines=[bad, *data.lines[1:]]), view="grid")
    assert "<a" not in orjson.dumps(figure["layout"]["annotations"]).decode()
    assert named(figure)["<a href='x'>roxy</a>"]["name"].startswith("&lt;a")


def test_small_charts_share_one_scale(calls: Month) -> None:
    layout = valid(trend(asked(calls, metric="success_rate", by="agent"), view="grid"))["layout"]
    axes = [layout[name] for name in layout if name.startswith("yaxis")]
    assert len(axes) == 6
    assert len({tuple(axis["range"]) for axis in axes}) == 1
    bottoms = sorted((axis["domain"][0], axis["domain"][1]) for axis in axes)
    assert all(0 <= low < high <= 1 for low, high in bottoms)


def test_without_calls_nothing_is_drawn(calls: Month) -> None:
    empty = CallFilter(start=MONTH_END + DAY, end=MONTH_END + 2 * DAY)
    for view, by in (("lines", None), ("stacked", "agent"), ("grid", "agent")):
        assert trend(asked(calls, empty, by=by, now=MONTH_END + 2 * DAY), view=view)["data"] == []


# --- ways to the calls


def test_the_ends_of_a_range_are_kept_to_the_microsecond() -> None:
    chosen = CallFilter(start=1_000_001, end=9_999_999, zone="UTC", agent=("a&b", "c"))
    found = drill.over_time([0, 5_000_000, 10_000_000], chosen, "timed")["calls"]
    assert found["edges"] == ["1970-01-01T00:00:01.000001Z", 5, "1970-01-01T00:00:09.999999Z"]
    link = calls_link(chosen, "timed")
    assert "from=1970-01-01T00%3A00%3A01.000001Z" in link
    assert "agent=a%26b&agent=c" in link


def test_a_set_is_added_to_those_of_the_filter() -> None:
    assert "of=offered&of=timed" in calls_link(CallFilter(of=("offered",)), "timed")
    assert calls_link(CallFilter(of=("timed",)), "timed").count("of=") == 1


# --- durations and costs


def test_a_bar_of_durations_lies_within_the_filters_own_bounds() -> None:
    chosen = CallFilter(min_duration=40, max_duration=100)
    figure = valid(histogram(DURATION_BINS, [0, 0, 3, 4, 1, *[0] * 7], [1] * 12, chosen, name="<i>x</i>"))
    points = figure["layout"]["meta"]["calls"]["points"]
    assert points[2] == {"min_duration": 40, "max_duration": 60}
    assert points[4] == {"min_duration": 90, "max_duration": 100}
    assert sum(named(figure)["calls"]["y"]) == pytest.approx(100, abs=0.1)
    assert named(figure)["calls"]["name"] == "&lt;i&gt;x&lt;/i&gt;"
    labels = [bin_label(DURATION_BINS, i) for i in (0, 2, 3, 4, 11)]
    assert labels == ["0–15 s", "30–60 s", "1–1.5 m", "1.5–2 m", "15 m +"]


def test_costs_are_stacked_to_their_sum(calls: Month) -> None:
    data = outcomes(calls.copy, WEEK, now=MONTH_END)
    assert data.costs is not None
    figure = valid(costs(data.costs, data.filter, as_of=MONTH_END))
    bars = [trace["y"] for trace in figure["data"] if trace["type"] == "bar"]
    assert sum(map(sum, bars)) == pytest.approx(data.costs.total, abs=0.01)


# --- colours and areas


def test_a_name_keeps_its_colour_and_statuses_keep_theirs() -> None:
    one, other = looks(["roxy", "max"]), looks(["roxy"])
    assert one["roxy"] == other["roxy"]
    assert looks(["success", "error", "(others)"])["error"][0] == "error"
    eight = looks([f"agent {i}" for i in range(8)])
    assert len({tint for tint, _ in eight.values()}) == 8


@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=40), st.floats(10, 2000), st.floats(10, 2000))
def test_a_treemap_fills_its_room_in_proportion_and_without_overlap(
    weights: list[float], width: float, height: float
) -> None:
    weights = sorted(weights, reverse=True)
    rects = squarified(weights, Rect(0, 0, width, height))
    assert sum(rect.area for rect in rects) == pytest.approx(width * height)
    for rect, weight in zip(rects, weights, strict=True):
        assert rect.area == pytest.approx(weight / sum(weights) * width * height, rel=1e-6)
        assert rect.x >= -1e-6 and rect.x + rect.width <= width * (1 + 1e-6)
        assert rect.y >= -1e-6 and rect.y + rect.height <= height * (1 + 1e-6)
    for i, a in enumerate(rects):
        for b in rects[i + 1 :]:
            beside = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
            below = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
            assert min(beside, below) < 1e-6 * max(width, height)


def test_equal_weights_make_squares() -> None:
    for rect in squarified([1.0] * 9, Rect(0, 0, 300, 300)):
        assert math.isclose(rect.width, rect.height)
    assert [rect.area for rect in squarified([1.0, 1.0], Rect(0, 0, 0, 50))] == [0, 0]
