"""Charts: valid for Plotly, small, in the chosen zone, with gaps for the unknown; colours that can be told apart."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import orjson
import pandas as pd
import plotly.graph_objects as go
import pytest

from app.components.spark import sparkline
from app.figures import durations, system, volume
from app.theme import DARK, LIGHT, THEMES, painted

HOUR = 3_600_000_000
DAY = 24 * HOUR


def instant(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[arg-type,misc]


def calls_by(start: int, step: int, size: int, **columns: list[int]) -> pd.DataFrame:
    zero = dict.fromkeys(volume.STATUSES, [0] * size)
    return pd.DataFrame({"bucket_start": [start + i * step for i in range(size)], **zero, **columns})


def drawn(
    frame: pd.DataFrame, *, zone: str = "UTC", as_of: int = 0, step: int = HOUR, previous: Any = ()
) -> dict[str, Any]:
    figure = volume.volume(frame, list(previous), step=step, zone=zone, as_of=as_of)
    go.Figure(painted(figure))
    assert orjson.loads(orjson.dumps(figure)) == figure
    return figure


def named(figure: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {trace["uid"]: trace for trace in figure["data"]}


def local(milliseconds: float) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1000, tz=UTC):%d %H:%M}"


def test_volume_stacks_the_statuses_that_occur_from_zero() -> None:
    frame = calls_by(instant(2026, 3, 2, 8), HOUR, 3, success=[5, 0, 2], missed=[1, 0, 0])
    figure = drawn(frame, previous=[4, 4, None])
    assert list(named(figure)) == ["span", "success", "missed", "previous-band", "previous"]
    assert figure["layout"]["yaxis"]["range"][0] == 0
    assert named(figure)["span"]["y"] == [6, 0, 2]


def test_the_running_bucket_is_lighter_and_says_so() -> None:
    start = instant(2026, 3, 2, 8)
    traces = named(drawn(calls_by(start, HOUR, 2, success=[5, 1]), as_of=start + HOUR + HOUR // 2))
    assert traces["success"]["marker"]["opacity"] == [1, 0.55]
    assert traces["span"]["customdata"] == ["Mon 02 Mar, 08:00–09:00", "Mon 02 Mar, 09:00–10:00 so far"]
    over = named(drawn(calls_by(start, HOUR, 2, success=[5, 1]), as_of=start + 5 * HOUR))
    assert "opacity" not in over["success"]["marker"]


def test_times_are_those_of_the_zone() -> None:
    figure = drawn(calls_by(instant(2026, 7, 1, 22), HOUR, 2, success=[1, 1]), zone="Europe/Berlin")
    assert [local(t) for t in figure["layout"]["xaxis"]["range"]] == ["02 00:00", "02 02:00"]


def test_the_hour_that_happens_twice_is_two_bars_with_their_own_names() -> None:
    start = instant(2026, 10, 24, 23)
    figure = drawn(calls_by(start, HOUR, 4, success=[1, 2, 3, 4]), zone="Europe/Berlin", as_of=start + DAY)
    span = named(figure)["span"]
    assert span["dx"] == 3_600_000
    assert [text.split(", ")[1] for text in span["customdata"]] == [
        "01:00–02:00",
        "02:00 CEST–02:00 CET",
        "02:00–03:00",
        "03:00–04:00",
    ]
    assert figure["layout"]["xaxis"]["ticktext"] == [
        "25 Oct<br>01:00",
        "25 Oct<br>02:00",
        "25 Oct<br>02:00",
        "25 Oct<br>03:00",
    ]


def test_the_year_is_said_where_the_range_is_not_wholly_in_the_present_one() -> None:
    new_year = instant(2026, 1, 1)
    across = drawn(calls_by(new_year - HOUR, HOUR, 2, success=[1, 2]), as_of=new_year + HOUR)
    assert named(across)["span"]["customdata"][0] == "Wed 31 Dec 2025, 23:00–00:00"
    assert "%Y" in across["layout"]["xaxis"]["tickformatstops"][1]["value"]
    # A range that ends with the year does not touch the next one.
    within = drawn(calls_by(new_year - 2 * HOUR, HOUR, 2, success=[1, 2]), as_of=new_year - 1)
    assert named(within)["span"]["customdata"][0] == "Wed 31 Dec, 22:00–23:00"
    assert "%Y" not in within["layout"]["xaxis"]["tickformatstops"][1]["value"]


def test_ticks_of_half_days_say_their_hour() -> None:
    def days(step: int) -> str:
        figure = drawn(calls_by(instant(2026, 3, 2), step, 9, success=[1] * 9), step=step, as_of=instant(2026, 5, 1))
        value: str = figure["layout"]["xaxis"]["tickformatstops"][2]["value"]
        return value

    assert days(12 * HOUR).startswith("%H:%M")
    assert days(DAY) == "%d %b"


def test_days_are_evenly_spaced_across_a_clock_change() -> None:
    starts = [instant(2026, 3, 27, 23), instant(2026, 3, 28, 23), instant(2026, 3, 29, 22)]
    frame = calls_by(0, DAY, 3, success=[1, 2, 3]).assign(bucket_start=starts)
    span = named(drawn(frame, zone="Europe/Berlin", step=DAY))["span"]
    assert (local(span["x0"]), span["dx"]) == ("28 12:00", 86_400_000)
    assert span["customdata"][1] == "Sun 29 Mar 2026"


def test_without_calls_there_is_nothing_to_draw() -> None:
    figure = drawn(calls_by(instant(2026, 3, 2), HOUR, 3), previous=[1, 2, 3])
    assert figure["data"] == []


def test_durations_keep_gaps_and_show_lone_points() -> None:
    frame = pd.DataFrame({"bucket_start": [0, HOUR, 2 * HOUR, 3 * HOUR], "n": [1, 0, 2, 2]})
    frame = frame.assign(**{p: [60.04, math.nan, 30.0, 40.0] for p in ("p50", "p95", "p99")})
    figure = durations.durations(frame, step=HOUR, zone="UTC", as_of=0)
    go.Figure(painted(figure))
    assert named(figure)["p50"]["y"] == [60.0, None, 30.0, 40.0]
    assert named(figure)["p50"]["marker"]["size"] == [5, 0, 0, 0]
    assert figure["layout"]["yaxis"]["ticktext"][:3] == ["0 s", "15 s", "30 s"]


def test_samples_are_drawn_together_by_mean_and_the_worst_p95() -> None:
    times = [float(t) for t in range(0, 15 * 400, 15)]
    history: dict[str, list[float | None]] = {
        "time": [*times],
        "cpu_percent": [10.0, 30.0] * 200,
        "memory_percent": [None] * 400,
    }
    history |= {"api_p50_ms": [1.0] * 400, "api_p95_ms": [5.0, 9.0] * 200}
    samples = system.Samples.of(history, "UTC", 0)
    assert len(samples.axis.starts) <= 100
    assert samples.columns["cpu_percent"][-2] == 20.0
    assert samples.columns["api_p95_ms"][-2] == 9.0
    for figure in (system.load(samples), system.response_times(samples)):
        go.Figure(painted(figure))
    assert system.response_times(samples)["layout"]["yaxis"] == {"tickformat": ",", "ticksuffix": " ms"}
    assert named(system.load(samples))["Memory"]["y"] == [None] * len(samples.axis.starts)


def test_a_young_history_starts_at_the_right_and_none_draws_nothing() -> None:
    young = system.Samples.of({"time": [1000.0], "cpu_percent": [5.0], "memory_percent": [6.0]}, "UTC", 0)
    assert young.columns["cpu_percent"][:2] == [None, None]
    assert young.columns["cpu_percent"][-1] == 5.0
    assert system.load(system.Samples.of({"time": []}, "UTC", 0))["data"] == []


def test_a_refresh_is_small() -> None:
    frame = calls_by(instant(2026, 3, 2), HOUR, 60, success=list(range(60)), error=[1] * 60, missed=[2] * 60)
    assert len(orjson.dumps(drawn(frame, previous=range(60)))) < 6_000


def test_what_does_not_change_is_drawn_at_mid_height() -> None:
    for zero in (True, False):
        spark = sparkline([97.5, 97.5, 97.5], zero=zero)
        assert spark is not None
        assert spark["props"]["data-line"] == "M0 14L50 14L100 14"


def test_the_previous_period_stands_out_from_the_band_under_it() -> None:
    for look in THEMES.values():
        assert contrast(look["previous"], look["surface"]) > 7


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_graphics_stand_out_from_what_they_lie_on(theme: str) -> None:
    look = THEMES[theme]
    text = [(name, ground) for name in ("text", "muted", "accent") for ground in ("page", "surface", "raised")]
    text += [(f"{tone}-text", ground) for tone in ("good", "bad", "warn") for ground in ("surface", f"{tone}-soft")]
    text += [("on-accent", "accent"), ("accent", "accent-soft"), ("text", "heat")]
    weak = {pair: contrast(look[pair[0]], look[pair[1]]) for pair in text}
    assert {pair: round(c, 2) for pair, c in weak.items() if c < 4.5} == {}
    graphics = [*volume.STATUSES, "previous", "seq-1", "seq-2", "seq-3", "series-b", "heat"]
    graphics += [f"cat-{i}" for i in range(1, 9)]
    assert {name: c for name in graphics if (c := contrast(look[name], look["surface"])) < 3} == {}


def test_both_themes_name_the_same_colours() -> None:
    assert LIGHT.keys() == DARK.keys()
