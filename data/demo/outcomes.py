"""How demo calls go: who takes them, how they end, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.demo.agents import AGENTS, INBOUND, OUTBOUND, WEB, trait
from data.demo.dice import Dice, Flags, Floats, Ints, choose, lognormal
from data.demo.rhythm import incidents, load
from data.models import Status
from data.times import DAY

STATUSES = tuple(
    s.value for s in (Status.SUCCESS, Status.ERROR, Status.ABANDONED, Status.MISSED, Status.VOICEMAIL, Status.INVALID)
)
SUCCESS, ERROR, ABANDONED, MISSED, VOICEMAIL, INVALID = range(6)
MILLISECOND = 1000
#: A conversation is cut and a caller in the queue is let go after so many seconds.
MAX_TALK_SECONDS = 900.0
MAX_WAIT_SECONDS = 120.0
_ROLLOUT_DAYS = 3.0
#: Share of the phone calls that come over the carrier that had the outage.
_MAIN_CARRIER = 0.78


@dataclass(frozen=True, slots=True)
class Route:
    """Who takes each call: indices into the word lists of demo_agents, and what troubles the call meets."""

    agent: Ints
    queue: Ints
    direction: Ints
    language: Ints
    #: Taken by the former version of the agent.
    former: Flags
    main_carrier: Flags
    queued: Flags
    #: Met by the LLM slowdown, met by the carrier outage.
    slow: Flags
    cut_off: Flags
    load: Floats


@dataclass(frozen=True, slots=True)
class Course:
    """How each call ends (index into STATUSES) and its times in UTC microseconds; without a meaning where not so."""

    status: Ints
    answered: Flags
    queued_at: Ints
    answered_at: Ints
    ended_at: Ints
    busy: Flags
    at_limit: Flags


def route(dice: Dice, started: Ints, end: int) -> Route:
    """Who takes the calls that start at these instants, in a history that ends at `end` (UTC microseconds)."""
    agent = choose(trait("share"), dice)
    direction = choose(trait("directions")[agent], dice)
    main_carrier = (dice.uniform() < _MAIN_CARRIER) & (direction != WEB)
    slowdown, outage = incidents(end)
    return Route(
        agent=agent,
        queue=choose(trait("queues")[agent], dice),
        direction=direction,
        language=choose(trait("languages")[agent], dice),
        former=_former(dice, agent, started, end),
        main_carrier=main_carrier,
        queued=(direction == INBOUND) & (dice.uniform() < 0.93),
        slow=(started >= slowdown.start) & (started < slowdown.end),
        cut_off=main_carrier & (started >= outage.start) & (started < outage.end),
        load=load(started),
    )


def _former(dice: Dice, agent: Ints, started: Ints, end: int) -> Flags:
    """A new version takes over within some days, a growing share of the calls at a time."""
    two = np.array([len(a.versions) > 1 for a in AGENTS])
    since = end - trait("version_age_days")[agent] * DAY
    share = np.clip((started - since) / (_ROLLOUT_DAYS * DAY), 0.0, 1.0)
    return np.asarray(two[agent] & (dice.uniform() >= share), dtype=np.bool_)


def _status(dice: Dice, way: Route) -> Ints:
    outbound = way.direction == OUTBOUND
    error = 0.0125 * trait("error_factor")[way.agent] * np.where(way.former, 1.4, 1.0)
    error = np.where(way.slow, 0.128, error)
    missed = np.select([outbound, way.direction == INBOUND], [0.105, 0.004], 0.0)
    abandoned = np.where(way.queued, 0.029 * (0.6 + 0.8 * way.load) * np.where(way.slow, 2.0, 1.0), 0.0)
    voicemail = np.where(outbound, 0.125, 0.0)
    error, missed = np.where(way.cut_off, 0.48, error), np.where(way.cut_off, 0.28, missed)
    limits = np.cumsum([np.full(dice.count, 0.003), error, missed, abandoned, voicemail], axis=0)
    thrown = dice.uniform()
    ways = np.array([INVALID, ERROR, MISSED, ABANDONED, VOICEMAIL, SUCCESS])
    return np.asarray(ways[(thrown >= limits).sum(axis=0)], dtype=np.int64)


def course(dice: Dice, way: Route, started: Ints) -> Course:
    """How the calls end, and when. Times are whole milliseconds apart."""
    status = _status(dice, way)
    early = (status == ERROR) & (way.cut_off | (dice.uniform() < 0.35))
    answered = ~(early | (status == ABANDONED) | (status == MISSED))
    busy = (status == MISSED) & (way.direction == OUTBOUND) & (dice.uniform() < 0.3)
    greeting = np.where(way.queued, 0.3 + 2.2 * dice.uniform(), 0.0)
    talk = _talk_seconds(dice, way, status)
    ringing = _ringing_seconds(dice, way, status, answered, busy)
    queued_at = started + _micros(greeting)
    until = queued_at + _micros(ringing)
    ended_at = np.where(answered, until + _micros(talk), until)
    return Course(status, answered, queued_at, until, ended_at, busy, talk >= MAX_TALK_SECONDS)


def _talk_seconds(dice: Dice, way: Route, status: Ints) -> Floats:
    """Length of the conversation, where there is one."""
    former = np.where(way.former, 1.06, 1.0)
    talk = lognormal(dice, trait("talk_seconds")[way.agent] * former, 0.6)
    shorter = dice.uniform()
    by_status = [talk * shorter, 18 + 25 * shorter, 0.8 + 3 * shorter]
    talk = np.select([status == ERROR, status == VOICEMAIL, status == INVALID], by_status, talk)
    return np.asarray(np.clip(talk, 0.8, MAX_TALK_SECONDS), dtype=np.float64)


def _ringing_seconds(dice: Dice, way: Route, status: Ints, answered: Flags, busy: Flags) -> Floats:
    """From the queue (or the start) until the answer, or until the end of a call without one."""
    wait = lognormal(dice, 6.0 * (0.55 + 0.45 * way.load) * np.where(way.slow, 2.2, 1.0), 0.75)
    patience = 3.0 + lognormal(dice, 26.0, 0.7)
    chance = dice.uniform()
    ringing = np.select(
        [
            answered & way.queued,
            answered & (way.direction == OUTBOUND),
            answered,
            status == ABANDONED,
            busy,
            (status == MISSED) & way.queued,
            status == MISSED,
        ],
        [wait, 4 + 18 * chance, 0.4 + 2 * chance, patience, 3 + 5 * chance, MAX_WAIT_SECONDS, 25 + 10 * chance],
        0.5 + 8 * chance,
    )
    return np.asarray(np.minimum(ringing, MAX_WAIT_SECONDS), dtype=np.float64)


def _micros(seconds: Floats) -> Ints:
    return np.asarray((seconds * 1000).round() * MILLISECOND, dtype=np.int64)


def version_names(way: Route) -> list[str]:
    """The version of the agent that took each call."""
    names = np.array([[a.versions[-1], a.versions[0]] for a in AGENTS], dtype=object)
    found: list[str] = names[way.agent, way.former.astype(np.int64)].tolist()
    return found
