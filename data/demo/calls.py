"""Demo calls as finished call events: the one model behind the generated history and the live simulator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from data.demo.agents import AGENTS, DIRECTIONS, LANGUAGES, OUTBOUND, QUEUES, WEB
from data.demo.dice import Dice, Flags, Ints
from data.demo.measures import SENTIMENTS, Figure, contentment, conversation, costs, latencies, opinions
from data.demo.outcomes import ABANDONED, INVALID, MISSED, STATUSES, Course, Route, course, route, version_names
from data.demo.reasons import REASONS, end_reasons, forwarded
from data.models import CallEvent
from data.times import SECOND

SOURCE = "demo"
_CARRIERS = ("northline", "kestrel")
_REGIONS = ("us-east", "us-west", "eu-central")
_CAMPAIGNS = ("renewals", "appointment-reminders", "win-back")


class Callers:
    """The people who call, some of them often; each number is hashed once."""

    def __init__(self, hash_caller: Callable[[str], tuple[str, str]], population: int = 20_000) -> None:
        self._hash_caller = hash_caller
        self._population = population
        self._known: dict[int, tuple[str, str]] = {}

    def pick(self, dice: Dice, known: Flags) -> tuple[list[str | None], list[str | None]]:
        """Hash and last two digits of each call's number; None where the number is not known."""
        # The power makes some people call far more often than others.
        people = np.where(known, (dice.uniform() ** 1.6 * self._population).astype(np.int64), -1).tolist()
        found = [self._hashed(person) if person >= 0 else (None, None) for person in people]
        return [pair[0] for pair in found], [pair[1] for pair in found]

    def _hashed(self, person: int) -> tuple[str, str]:
        pair = self._known.get(person)
        if pair is None:
            # Area code 555 belongs to nobody.
            pair = self._known[person] = self._hash_caller(f"+1555{person * 7919 % 10_000_000:07d}")
        return pair


def sample(dice: Dice, call_ids: Sequence[str], started: Ints, end: int, callers: Callers) -> list[CallEvent]:
    """Finished calls with these ids and starts (UTC microseconds), of a history that ends at `end`."""
    way = route(dice, started, end)
    outcome = course(dice, way, started)
    columns: dict[str, list[Any]] = {
        "source": [SOURCE] * dice.count,
        "call_id": list(call_ids),
        "updated_at": outcome.ended_at.tolist(),
        "started_at": started.tolist(),
    }
    columns |= _routing(way, callers.pick(dice, (way.direction != WEB) & (dice.uniform() < 0.97)))
    columns |= _ending(dice, way, outcome)
    columns["tags"] = _tags(dice, outcome)
    columns["metadata"] = _metadata(dice, way)
    return _events(columns)


def _routing(way: Route, callers: tuple[list[str | None], list[str | None]]) -> dict[str, list[Any]]:
    return {
        "direction": _words(DIRECTIONS, way.direction),
        "agent": _words([agent.name for agent in AGENTS], way.agent),
        "agent_version": version_names(way),
        "queue": _words(QUEUES, way.queue),
        "language": _words(LANGUAGES, way.language),
        "caller_hash": callers[0],
        "caller_last2": callers[1],
    }


def _ending(dice: Dice, way: Route, end: Course) -> dict[str, list[Any]]:
    talk = (end.ended_at - end.answered_at) / SECOND
    waited = way.queued & (end.answered | (end.status == ABANDONED) | (end.status == MISSED))
    handed_on = forwarded(dice, way, end)
    reasons = end_reasons(dice, way, end, handed_on)
    measured = costs(dice, way, end, talk) | latencies(dice, way, end)
    latency = measured["latency_ms"].values.astype(np.float64)
    csat, sentiment, served = opinions(dice, end, contentment(dice, way, end, latency, handed_on))
    figures: Mapping[str, Figure] = {
        "queued_at": Figure(end.queued_at, way.queued),
        "wait_seconds": Figure((end.answered_at - end.queued_at) / SECOND, waited),
        "answered_at": Figure(end.answered_at, end.answered),
        "duration_seconds": Figure(talk, end.answered),
        **measured,
        **conversation(dice, way, end, talk, latency, handed_on),
        "csat": csat,
    }
    return {
        "ended_at": end.ended_at.tolist(),
        "status": _words(STATUSES, end.status),
        "end_reason": _words([reason for reason, _ in REASONS], reasons),
        "end_reason_group": _words([group.value for _, group in REASONS], reasons),
        **{name: _known(figure.values, figure.known) for name, figure in figures.items()},
        "currency": _words([None, "USD"], measured["cost"].known.astype(np.int64)),
        "transferred": _known(handed_on, end.answered),
        "sentiment": _words([*SENTIMENTS, None], np.where(sentiment.known, sentiment.values, len(SENTIMENTS))),
        "success_evaluation": _words(["false", "true", None], np.where(served.known, served.values, 2)),
    }


def _tags(dice: Dice, end: Course) -> list[list[str] | None]:
    marks = (dice.uniform() < 0.03, dice.uniform() < 0.05, end.status == INVALID)
    bits = sum((mark.astype(np.int64) << place for place, mark in enumerate(marks)), np.zeros(dice.count, np.int64))
    names = ("vip", "callback-requested", "test")
    sets = [[name for place, name in enumerate(names) if code >> place & 1] for code in range(8)]
    found: list[list[str] | None] = [None] * dice.count
    for row in np.flatnonzero(bits).tolist():
        # A list of its own for each call: the receiver may change it.
        found[row] = list(sets[bits[row]])
    return found


def _metadata(dice: Dice, way: Route) -> list[dict[str, str]]:
    kinds = [
        {"region": region} | ({} if line == 2 else {"carrier": _CARRIERS[line]})
        for line in range(3)
        for region in _REGIONS
    ]
    line = np.where(way.direction == WEB, 2, np.where(way.main_carrier, 0, 1))
    region = np.searchsorted([0.55, 0.8], dice.uniform())
    campaign = np.where(way.direction == OUTBOUND, (dice.uniform() * len(_CAMPAIGNS)).astype(np.int64), -1)
    found = [dict(kinds[kind]) for kind in (line * len(_REGIONS) + region).tolist()]
    for row in np.flatnonzero(campaign >= 0).tolist():
        found[row]["campaign"] = _CAMPAIGNS[campaign[row]]
    return found


def _words(words: Sequence[str | None], index: Ints) -> list[str | None]:
    found: list[str | None] = np.array(words, dtype=object)[index].tolist()
    return found


def _known(values: NDArray[Any], known: Flags) -> list[Any]:
    boxed = values.astype(object)
    boxed[~known] = None
    found: list[Any] = boxed.tolist()
    return found


def _events(columns: Mapping[str, list[Any]]) -> list[CallEvent]:
    names = tuple(columns)
    rows = zip(*columns.values(), strict=True)
    return cast(list[CallEvent], [{k: v for k, v in zip(names, row, strict=True) if v is not None} for row in rows])
