"""What demo calls measured: money, latency, the conversation, and what the caller thought of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.demo.agents import WEB, trait
from data.demo.dice import Dice, Flags, Floats, Ints, lognormal
from data.demo.outcomes import ERROR, SUCCESS, Course, Route

SENTIMENTS = ("negative", "neutral", "positive")
_PLATFORM_PER_MINUTE = 0.05


@dataclass(frozen=True, slots=True)
class Figure:
    """One column of numbers, and for which calls it is known."""

    values: Floats | Ints
    known: Flags


Figures = dict[str, Figure]


def costs(dice: Dice, way: Route, end: Course, talk_seconds: Floats) -> Figures:
    """USD a call and its parts, which sum to the total; whole hundredths of a cent."""
    minutes = talk_seconds / 60.0
    phone = way.direction != WEB
    known = end.answered & (dice.uniform() < 0.92)
    parts = {
        "cost_telephony": np.where(phone, np.where(way.main_carrier, 0.0085, 0.0110), 0.0) * np.ceil(minutes),
        "cost_stt": 0.0077 * minutes,
        "cost_llm": lognormal(dice, trait("llm_per_minute")[way.agent] * minutes, 0.18),
        "cost_tts": lognormal(dice, trait("tts_per_minute")[way.agent] * minutes, 0.15),
        "cost_platform": _PLATFORM_PER_MINUTE * minutes,
    }
    units = {name: np.rint(part * 10_000) for name, part in parts.items()}
    found = {name: Figure(part / 10_000, known) for name, part in units.items()}
    found["cost_telephony"] = Figure(found["cost_telephony"].values, known & phone)
    return {"cost": Figure(sum(units.values(), np.zeros(dice.count)) / 10_000, known), **found}


def latencies(dice: Dice, way: Route, end: Course) -> Figures:
    """Mean response latency of a call in ms, end to end and per stage; the rest is the wait for the end of speech."""
    former = np.where(way.former, 1.14, 1.0)
    outlier = np.where(dice.uniform() < 0.025, 1.8 + 2.2 * dice.uniform(), 1.0)
    slowdown = np.where(way.slow, 3.2, 1.0)
    llm = trait("llm_ms")[way.agent] * former * outlier * slowdown * (0.96 + 0.04 * way.load)
    parts = {
        "latency_stt_ms": lognormal(dice, 150.0, 0.25),
        "latency_llm_ms": lognormal(dice, llm, 0.33),
        "latency_tts_ms": lognormal(dice, trait("tts_ms")[way.agent], 0.22),
        "latency_network_ms": lognormal(dice, np.where(way.direction == WEB, 45.0, 78.0), 0.3),
    }
    rounded = {name: np.rint(part) for name, part in parts.items()}
    total = sum(rounded.values(), np.zeros(dice.count)) + np.rint(20.0 + lognormal(dice, 130.0, 0.4))
    talked = end.answered & ((end.status == SUCCESS) | (end.status == ERROR))
    known = talked & (dice.uniform() < 0.88)
    staged = known & (dice.uniform() < 0.84)
    found = {name: Figure(part, staged) for name, part in rounded.items()}
    found["latency_network_ms"] = Figure(rounded["latency_network_ms"], staged & (dice.uniform() < 0.85))
    return {"latency_ms": Figure(total, known), **found}


def conversation(dice: Dice, way: Route, end: Course, talk: Floats, latency: Floats, handed_on: Flags) -> Figures:
    """Turns, interruptions and the silent, held and after-call seconds of calls of `talk` seconds."""
    talked = end.answered & ((end.status == SUCCESS) | (end.status == ERROR))
    known = talked & (dice.uniform() < 0.93)
    turns = np.maximum(1.0, np.rint(lognormal(dice, talk / trait("turn_seconds")[way.agent], 0.18)))
    # People talk into a pause that is too long.
    impatience = lognormal(dice, 0.055 * latency / 900.0, 0.8)
    by_user = np.minimum(np.floor(turns * impatience + dice.uniform()), turns)
    by_agent = np.minimum(np.floor(turns * lognormal(dice, 0.02, 0.7) + dice.uniform()), turns)
    silence = np.minimum(turns * latency / 1000.0 + talk * 0.08 * dice.uniform(), talk * 0.6)
    hold = np.minimum(8.0 + lognormal(dice, 16.0, 0.6), talk * 0.3)
    after = lognormal(dice, 3.2, 0.4)
    return {
        "turns": Figure(turns.astype(np.int64), known),
        "user_interruptions": Figure(by_user.astype(np.int64), known),
        "agent_interruptions": Figure(by_agent.astype(np.int64), known),
        "silence_seconds": Figure(silence.round(1), known & (dice.uniform() < 0.9)),
        "hold_seconds": Figure(hold.round(1), handed_on),
        "after_call_seconds": Figure(after.round(1), known & (end.status == SUCCESS)),
    }


def contentment(dice: Dice, way: Route, end: Course, latency: Floats, handed_on: Flags) -> Floats:
    """What the callers think, on the scale of CSAT but without its limits."""
    mean = trait("csat")[way.agent] - np.where(way.former, 0.18, 0.0) - np.where(handed_on, 0.25, 0.0)
    mean = mean - np.where(end.status == ERROR, 1.8, 0.0) - 0.35 * np.maximum(0.0, latency / 1000.0 - 1.1)
    # Ratings lean to the ends of their scale: a few people are plainly angry.
    angry = np.where(dice.uniform() < 0.06, 2.2, 0.0)
    return np.asarray(mean + 0.15 - angry + 0.9 * dice.normal(), dtype=np.float64)


def opinions(dice: Dice, end: Course, content: Floats) -> tuple[Figure, Figure, Figure]:
    """CSAT (1 to 5), the sentiment as an index into SENTIMENTS, and whether the call served its purpose (0 or 1)."""
    talked = end.answered & ((end.status == SUCCESS) | (end.status == ERROR))
    csat = Figure(np.clip(np.rint(content), 1.0, 5.0), talked & (dice.uniform() < 0.27))
    mood = content + 0.5 * dice.normal()
    sentiment = Figure(np.searchsorted([3.0, 4.15], mood).astype(np.int64), talked & (dice.uniform() < 0.85))
    served = (end.status == SUCCESS) & (content + 0.6 * dice.normal() > 2.9)
    return csat, sentiment, Figure(served.astype(np.int64), talked & (dice.uniform() < 0.75))
