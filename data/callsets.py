"""Named sets of calls: what each figure is about, so that the calls behind it can be listed exactly."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, and_, literal_column, not_, or_

from data.kept import ANSWERED_WAIT, QUEUED_WAIT
from data.kpis import ABANDONED, ANSWERED, COUNTS, MEASURED, OFFERED, c, has_status
from data.models import EndReasonGroup, Status
from data.possible import ANY_IMPOSSIBLE, MEASURES, STAGES, impossible, possible

#: A conversation that is shorter was none: somebody hung up at the greeting.
SHORT_SECONDS = 30


def known(column: str) -> ColumnElement[bool]:
    """Counted calls that carry the column."""
    return and_(COUNTS, c[column].is_not(None))


_ENDING_KNOWN = and_(
    c.end_reason_group.is_not(None), c.end_reason_group != literal_column(f"'{EndReasonGroup.UNKNOWN}'")
)
_UNANSWERED = and_(OFFERED, c.answered_at.is_(None), c.wait_seconds.is_not(None))
_TALKED = and_(ANSWERED, c.duration_seconds > SHORT_SECONDS)

#: By the name that stands in the query string as `of`.
CALL_SETS: Mapping[str, ColumnElement[bool]] = {
    "counted": COUNTS,
    "offered": OFFERED,
    "answered": ANSWERED,
    "abandoned": ABANDONED,
    "waited": and_(COUNTS, QUEUED_WAIT.is_not(None)),
    "answered_waited": and_(COUNTS, ANSWERED_WAIT.is_not(None)),
    "left_waiting": and_(_UNANSWERED, has_status(Status.ABANDONED)),
    "never_answered": and_(_UNANSWERED, not_(has_status(Status.ABANDONED))),
    "talked": _TALKED,
    "talked_success": and_(_TALKED, has_status(Status.SUCCESS)),
    "hung_up_early": and_(
        COUNTS,
        c.duration_seconds < SHORT_SECONDS,
        c.end_reason_group == literal_column(f"'{EndReasonGroup.CUSTOMER}'"),
    ),
    "ending_known": and_(known("duration_seconds"), _ENDING_KNOWN),
    "timed": known("duration_seconds"),
    "rated": known("csat"),
    "priced": known("cost"),
    "measured": MEASURED,
    "itemised": and_(MEASURED, or_(*(possible(column) for column in STAGES.values()))),
    **{f"measured_{stage}": and_(COUNTS, possible(column)) for stage, column in STAGES.items()},
    "impossible": and_(COUNTS, ANY_IMPOSSIBLE),
    **{f"impossible_{column}": and_(COUNTS, impossible(column)) for column in MEASURES},
    "user_interruptions": and_(COUNTS, c.user_interruptions.is_not(None), c.turns.is_not(None)),
    "agent_interruptions": and_(COUNTS, c.agent_interruptions.is_not(None), c.turns.is_not(None)),
    "silence": and_(COUNTS, possible("silence_seconds"), c.duration_seconds.is_not(None)),
    "turns": known("turns"),
    "judged": known("sentiment"),
    "caller_known": known("caller_hash"),
}

#: Measures in words.
MEASURE_NAMES: Mapping[str, str] = {
    "latency_network_ms": "network latency",
    "latency_stt_ms": "speech-to-text latency",
    "latency_llm_ms": "language-model latency",
    "latency_tts_ms": "text-to-speech latency",
    "latency_ms": "latency",
    "silence_seconds": "silence",
}

#: The same in words, for the chips of the filter bar.
LABELS: Mapping[str, str] = {
    "counted": "counted calls",
    "offered": "offered calls",
    "answered": "offered calls that were answered",
    "abandoned": "abandoned calls",
    "waited": "offered calls with a known wait",
    "answered_waited": "answered calls with a known wait",
    "left_waiting": "callers who left while they waited",
    "never_answered": "offered calls that were neither answered nor abandoned",
    "talked": f"answered and longer than {SHORT_SECONDS} s",
    "talked_success": f"successful and longer than {SHORT_SECONDS} s",
    "hung_up_early": f"caller hung up within {SHORT_SECONDS} s",
    "ending_known": "answered calls of which is known who ended them",
    "timed": "calls with a known duration",
    "rated": "rated calls",
    "priced": "calls with a known cost",
    "measured": "calls with a known latency",
    "itemised": "calls with a known latency and a known stage",
    **{f"measured_{stage}": f"calls with a known {MEASURE_NAMES[column]}" for stage, column in STAGES.items()},
    "impossible": "a measured value that can't be",
    **{f"impossible_{column}": f"a {name} that can't be" for column, name in MEASURE_NAMES.items()},
    "user_interruptions": "calls with known interruptions by the caller",
    "agent_interruptions": "calls with known interruptions by the agent",
    "silence": "calls with a known share of silence",
    "turns": "calls with known turns",
    "judged": "calls with a known sentiment",
    "caller_known": "calls with a known caller",
}

#: The set of calls that each figure of data/kpis.py is computed from.
BEHIND: Mapping[str, str] = {
    "abandonment_rate": "offered",
    "offered": "offered",
    "avg_duration_seconds": "timed",
    "p50_duration_seconds": "timed",
    "p95_duration_seconds": "timed",
    "p99_duration_seconds": "timed",
    "aht_seconds": "timed",
    "asa_seconds": "answered_waited",
    "avg_wait_seconds": "waited",
    "p50_wait_seconds": "waited",
    "p95_wait_seconds": "waited",
    "service_level": "offered",
    "csat": "rated",
    "cost": "priced",
    "cost_per_call": "priced",
    "cost_per_minute": "priced",
    "cost_per_success": "priced",
    "avg_latency_ms": "measured",
    "p95_latency_ms": "measured",
}


def behind(kpi: str) -> str:
    """The set that a figure is computed from: all counted calls, unless it is about fewer."""
    return BEHIND.get(kpi, "counted")
