"""The columns that the table of calls can show, and how their values are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from app.format import count, duration, milliseconds, money, words
from data.times import now_micros, to_datetime

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name in the record, its title, how it is written, its width in pixels, whether it is shown."""

    name: str
    title: str
    kind: str = "text"
    width: int = 130
    shown: bool = False


COLUMNS = (
    Column("started_at", "Started", "time", 196, shown=True),
    Column("status", "Status", "status", 126, shown=True),
    Column("agent", "Agent", shown=True, width=120),
    Column("queue", "Queue", shown=True, width=120),
    Column("direction", "Direction", "words", 104, shown=True),
    Column("caller_last2", "Caller", "caller", 84, shown=True),
    Column("wait_seconds", "Wait", "duration", 90, shown=True),
    Column("duration_seconds", "Duration", "duration", 104, shown=True),
    Column("end_reason_group", "Ended by", "words", 124, shown=True),
    Column("end_reason", "End reason", width=190, shown=True),
    Column("csat", "Rating", "number", 86, shown=True),
    Column("score", "Score", "number", 82, shown=True),
    Column("cost", "Cost", "money", 92, shown=True),
    Column("tags", "Tags", "tags", 160, shown=True),
    Column("call_id", "Call id", width=240, shown=True),
    Column("source", "Source"),
    Column("agent_version", "Agent version"),
    Column("queued_at", "Queued", "time", 180),
    Column("answered_at", "Answered", "time", 180),
    Column("ended_at", "Ended", "time", 180),
    Column("updated_at", "Last news", "time", 180),
    Column("hold_seconds", "Hold", "duration", 90),
    Column("after_call_seconds", "After-call work", "duration", 126),
    Column("transferred", "Transferred", "truth", 112),
    Column("sentiment", "Sentiment", width=110),
    Column("success_evaluation", "Evaluation", width=150),
    Column("cost_telephony", "Cost, telephony", "money"),
    Column("cost_stt", "Cost, speech to text", "money", 150),
    Column("cost_llm", "Cost, language model", "money", 160),
    Column("cost_tts", "Cost, text to speech", "money", 150),
    Column("cost_platform", "Cost, platform", "money"),
    Column("latency_ms", "Latency", "ms", 96),
    Column("latency_stt_ms", "Latency, speech to text", "ms", 170),
    Column("latency_llm_ms", "Latency, language model", "ms", 180),
    Column("latency_tts_ms", "Latency, text to speech", "ms", 170),
    Column("latency_network_ms", "Latency, network", "ms", 140),
    Column("turns", "Turns", "number", 82),
    Column("user_interruptions", "Interruptions by the caller", "number", 190),
    Column("agent_interruptions", "Interruptions by the agent", "number", 190),
    Column("silence_seconds", "Silence", "duration", 96),
    Column("language", "Language", width=104),
)
BY_NAME: Mapping[str, Column] = {column.name: column for column in COLUMNS}
#: Written beside a column of its kind.
_BESIDE = {"money": ("currency",), "tags": ("review_tags",)}


def needed(columns: list[Column]) -> list[str]:
    """The names to ask for, so that each of these columns can be written and each row has a way to its call."""
    names = ["source", "call_id", "status"]
    for column in columns:
        names += [column.name, *_BESIDE.get(column.kind, ())]
    return list(dict.fromkeys(names))


def written(row: Row, columns: list[Column], zone: str) -> dict[str, str]:
    """The cells of a row as text; unknown ones are left empty."""
    return {column.name: _WRITERS[column.kind](row, column.name, zone) for column in columns}


def _text(row: Row, name: str, zone: str) -> str:
    return "" if row[name] is None else str(row[name])


def _time(row: Row, name: str, zone: str) -> str:
    if row[name] is None:
        return ""
    moment = to_datetime(int(row[name]), zone)
    present = moment.year == to_datetime(now_micros(), zone).year
    day = f"{moment:%a} {moment.day} {moment:%b}" if present else f"{moment.day} {moment:%b %Y}"
    return f"{day}, {moment:%H:%M:%S}"


def _known(write: Callable[[Any], str]) -> Callable[[Row, str, str], str]:
    def cell(row: Row, name: str, zone: str) -> str:
        return "" if row[name] is None else write(row[name])

    return cell


def _money(row: Row, name: str, zone: str) -> str:
    return "" if row[name] is None else money(row[name], row["currency"])


def _tags(row: Row, name: str, zone: str) -> str:
    lists = [orjson.loads(row[each]) for each in ("tags", "review_tags") if row[each]]
    return ", ".join(dict.fromkeys(tag for tags in lists for tag in tags))


def _number(value: float) -> str:
    return count(value) if float(value).is_integer() else f"{value:.1f}"


_WRITERS: Mapping[str, Callable[[Row, str, str], str]] = {
    "text": _text,
    "time": _time,
    "words": _known(lambda value: words(str(value).replace("_", " "))),
    "status": _text,
    "caller": _known(lambda value: f"…{value}"),
    "duration": _known(duration),
    "ms": _known(milliseconds),
    "number": _known(_number),
    "truth": _known(lambda value: "yes" if value else "no"),
    "money": _money,
    "tags": _tags,
}
