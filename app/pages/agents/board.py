"""All agents: the leaderboard, how long their calls take, and their versions."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pandas as pd

from app.addresses import calls_link
from app.components.guard import Parts
from app.components.plain import Plain, h
from app.figures import units
from app.figures.palette import SLOTS, looks
from app.format import count, duration, percent
from app.pages.agents import ids
from app.pages.agents.words import duration_words, success_words
from data.analysis.comparing import FEWEST, wilson
from data.kpis import KPIS

if TYPE_CHECKING:
    from data.queries.board import Board

_MOST_ROWS, _MOST_STRIPS = 40, 12


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its key in the frame and in `sort`, its head, unit, on how many calls it rests, its definition."""

    key: str
    head: str
    unit: str
    rests_on: str
    definition: str


COLUMNS = (
    Column("calls", "Calls", "calls", "calls", KPIS["total_calls"].definition),
    Column("success_rate", "Success rate", "%", "calls", KPIS["success_rate"].definition),
    Column("aht_seconds", "Handle time", "s", "timed", KPIS["aht_seconds"].definition),
    Column("p95_duration_seconds", "p95 duration", "s", "timed", KPIS["p95_duration_seconds"].definition),
    Column("csat", "Satisfaction", "of 5", "rated", KPIS["csat"].definition),
    Column("cost_per_call", "Cost a call", "money", "priced", KPIS["cost_per_call"].definition),
    Column("avg_latency_ms", "Latency", "ms", "measured", KPIS["avg_latency_ms"].definition),
)
SORTS = ("agent", *(column.key for column in COLUMNS))


def board_parts(data: Board, sort: str) -> Parts:
    """`sort` is one of SORTS, with "-" before it where the greatest comes first."""
    return {
        ids.TABLE: {"children": _table(data, sort) if len(data.agents) else _nobody()},
        ids.SPREAD: {"children": _strips(data) if len(data.agents) else _nobody()},
        ids.VERSIONS: {"children": _versions(data)},
    }


def _nobody() -> Plain:
    return h("Div", "No call of this range names its agent.", cls="vh-nothing")


def agent_link(agent: str) -> str:
    """One agent's page; the filter goes along (assets/voicehive/navigation.js)."""
    return f"/agents?{urlencode({'agent': agent})}"


def _table(data: Board, sort: str) -> list[Plain]:
    frame = data.agents.assign(success_rate=100 * data.agents["successes"] / data.agents["calls"])
    key = sort.removeprefix("-")
    shown = frame.sort_values(key, ascending=not sort.startswith("-"), na_position="last", kind="stable")
    more = len(shown) - _MOST_ROWS
    cells = _Cells.of(data, frame)
    body = [cells.row(row) for row in shown.head(_MOST_ROWS).to_dict("records")]
    heads = [_head("agent", "Agent", sort, ""), *(_head(c.key, c.head, sort, c.definition) for c in COLUMNS)]
    table = h("Table", [h("Thead", h("Tr", heads)), h("Tbody", body)], cls="vh-table")
    note = [h("P", f"And {count(more)} more; sort or filter to see them.", cls="vh-note")] if more > 0 else []
    return [h("Div", table, cls="vh-table-box"), *note]


def _head(key: str, text: str, sort: str, definition: str) -> Plain:
    """A head that sorts: first the greatest (of names the first), then the other way round."""
    falling, rising = f"-{key}", key
    first, second = (rising, falling) if key == "agent" else (falling, rising)
    state = {falling: "descending", rising: "ascending"}.get(sort, "none")
    wanted = second if sort == first else first
    arrow = {"descending": " ↓", "ascending": " ↑", "none": ""}[state]
    button = h("Button", text + arrow, type="button", cls="vh-sort", data_fixed="1", data_tip=definition or None,
               data_query=json.dumps({"sort": "" if wanted == "-calls" else wanted}))  # fmt: skip
    return h("Th", button, scope="col", aria_sort=state, cls="" if key == "agent" else "vh-num")


@dataclass(frozen=True, slots=True)
class _Cells:
    """What the cells of one table share: the greatest value of each column, and the scale of the intervals."""

    data: Board
    top: dict[str, float]
    low: float
    high: float
    tints: dict[str, tuple[str, str]]

    @classmethod
    def of(cls, data: Board, frame: pd.DataFrame) -> _Cells:
        enough = frame[frame["calls"] >= FEWEST]
        found = [wilson(s, n) for s, n in zip(enough["successes"], enough["calls"], strict=True)]
        bounds = [(i.low, i.high) for i in found if i is not None] or [(0.0, 1.0)]
        return cls(
            data=data,
            top={column.key: float(frame[column.key].max()) for column in COLUMNS} | {"csat": 5.0},
            low=min(low for low, _ in bounds),
            high=max(high for _, high in bounds),
            tints=looks(frame["agent"].tolist()),
        )

    def row(self, row: dict[Any, Any]) -> Plain:
        name = str(row["agent"])
        link = h("A", name, href=agent_link(name), data_nav="1", cls="vh-agent")
        head = [*self._swatch(name), link]
        return h("Tr", [h("Th", head, scope="row"), *(self._cell(column, row, name) for column in COLUMNS)])

    def _swatch(self, name: str) -> list[Plain]:
        """The agent's colour, as long as there are no more agents than colours."""
        if len(self.tints) > SLOTS:
            return []
        style = {"background": f"var(--vh-{self.tints[name][0]})"}
        return [h("Span", cls="vh-swatch", style=style, aria_hidden="true")]

    def _cell(self, column: Column, row: dict[Any, Any], name: str) -> Plain:
        value, n = row[column.key], int(row[column.rests_on])
        text = units.text(value, column.unit, self.data.currency)
        few = n < FEWEST and column.unit != "calls"
        exact = units.exact(value, column.unit, self.data.currency)
        tip = f"{exact}, n = {count(n)}" if n else f"No call of {name} carries it"
        shown: list[Any] = [h("Span", text, cls="vh-cell-value" + (" vh-few" if few else ""), data_tip=tip)]
        if few and n:
            shown.append(h("Span", f"n = {n}", cls="vh-note"))
        if column.key == "calls":
            link = calls_link(self.data.filter, "counted", agent=(name,))
            shown = [h("A", text, href=link, cls="vh-cell-value", aria_label=f"{text} calls of {name}")]
        if column.key == "success_rate":
            shown.append(self._interval(int(row["successes"]), n))
        elif not few and math.isfinite(value) and self.top[column.key] > 0:
            shown.append(
                h("Span", cls="vh-bar", style={"--value": f"{value / self.top[column.key]:.3f}"}, aria_hidden="true")
            )
        return h("Td", shown, cls="vh-num", data_label=column.head)

    def _interval(self, hits: int, n: int) -> Plain:
        found = wilson(hits, n)
        assert found is not None
        words = f"95 % interval {percent(100 * found.low)} to {percent(100 * found.high)}, n = {count(n)}"

        def place(share: float) -> float:
            span = (self.high - self.low) or 1.0
            return 100 * min(1.0, max(0.0, (share - self.low) / span))

        low, high, at = (place(share) for share in (found.low, found.high, found.value))
        marks = [h("I", style={"left": f"{low:.1f}%", "width": f"{max(high - low, 1):.1f}%"}),
                 h("B", style={"left": f"{at:.1f}%"}), h("Span", words, cls="visually-hidden")]  # fmt: skip
        return h("Span", marks, cls="vh-interval", data_tip=words)


def _strips(data: Board) -> list[Plain]:
    frame = data.agents[data.agents["timed"] > 0].head(_MOST_STRIPS)
    if not len(frame):
        return [h("Div", "No answered calls in this range.", cls="vh-nothing")]
    top = float(frame["d95"].max()) or 1.0
    more = int((data.agents["timed"] > 0).sum()) - len(frame)
    rows = [_strip(data, row, lambda seconds: 100 * seconds / top) for row in frame.to_dict("records")]
    axis = h("Div", [h("Span", "0 s"), h("Span", duration(top / 2)), h("Span", duration(top))], cls="vh-strip-axis",
             aria_hidden="true")  # fmt: skip
    note = [h("P", f"The {_MOST_STRIPS} with the most calls.", cls="vh-note")] if more > 0 else []
    return [h("Ul", rows, cls="vh-strips"), axis, *note]


def _strip(data: Board, row: dict[Any, Any], place: Callable[[float], float]) -> Plain:
    name, n = str(row["agent"]), int(row["timed"])
    d5, d25, d50, d75, d95 = (float(row[f"d{point}"]) for point in (5, 25, 50, 75, 95))
    words = f"median {duration(d50)}, half between {duration(d25)} and {duration(d75)}, 95 % under {duration(d95)}"
    words += f", n = {count(n)}"
    marks = [
        h("I", cls="vh-whisker", style={"left": f"{place(d5):.1f}%", "width": f"{place(d95 - d5):.1f}%"}),
        h("I", cls="vh-box", style={"left": f"{place(d25):.1f}%", "width": f"{max(place(d75 - d25), 0.5):.1f}%"}),
        h("B", style={"left": f"{place(d50):.1f}%"}),
    ]
    few = f" (n = {n})" if n < FEWEST else ""
    inner = [
        h("Span", name + few, cls="vh-strip-name"),
        h("Span", marks, cls="vh-strip", aria_hidden="true"),
        h("Span", duration(d50), cls="vh-strip-value", aria_hidden="true"),
        h("Span", words, cls="visually-hidden"),
    ]
    link = calls_link(data.filter, "timed", agent=(name,))
    return h("Li", h("A", inner, href=link, cls="vh-strip-row", data_tip=f"{name}: {words}"))


def _versions(data: Board) -> Plain:
    if not data.comparisons:
        return h("Div", "No agent took calls with two versions in this range.", cls="vh-nothing")
    return h("Ul", [comparison_item(pair, named=True) for pair in data.comparisons], cls="vh-verdicts")


def comparison_item(pair: Any, *, named: bool) -> Plain:
    """Two versions of an agent and what can be said of them."""
    verdict, sentence = success_words(pair)
    sign = {"good": "▲", "bad": "▼", "neutral": "="}[verdict]
    title: list[Any] = [h("A", pair.agent, href=agent_link(pair.agent), data_nav="1", cls="vh-agent")] if named else []
    title.append(f"{pair.a.version} → {pair.b.version}")
    return h(
        "Li",
        [
            h("Span", sign, cls=f"vh-verdict vh-{verdict}", aria_hidden="true"),
            h("Div", [h("Strong", title, cls="vh-verdict-title"), h("P", sentence), h("P", duration_words(pair))]),
        ],
    )
