"""When the demo's calls come: hours, weekdays, growth, and the two incidents of the past weeks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from data.demo.dice import Floats, Ints
from data.times import DAY, HOUR, MINUTE

#: Width of a step of equal call volume, in microseconds.
STEP = 15 * MINUTE
_STEPS_A_WEEK = 7 * DAY // STEP
#: 1 January 1970 was a Thursday; weeks here begin on Monday.
_MONDAY = 3 * DAY
_WEEKDAYS = np.array([1.22, 1.17, 1.14, 1.12, 1.07, 0.68, 0.60])
_GROWTH_A_DAY = 0.0015
_DAY_NOISE = 0.05


@dataclass(frozen=True, slots=True)
class Incident:
    """A disturbance of calls that start in [start, end), UTC microseconds."""

    name: str
    start: int
    end: int


def incidents(end: int) -> tuple[Incident, Incident]:
    """The LLM slowdown and the carrier outage of a history that ends at `end`, in busy hours so that they show."""
    slowdown = (end - 12 * DAY) // DAY * DAY + 13 * HOUR
    outage = (end - 33 * DAY) // DAY * DAY + 10 * HOUR + 20 * MINUTE
    return (
        Incident("llm slowdown", slowdown, slowdown + 3 * HOUR),
        Incident("carrier outage", outage, outage + 40 * MINUTE),
    )


@cache
def _week() -> Floats:
    hour = (np.arange(DAY // STEP) + 0.5) * STEP / HOUR
    morning = np.exp(-(((hour - 10.5) / 2.2) ** 2) / 2)
    afternoon = np.exp(-(((hour - 15.5) / 2.8) ** 2) / 2)
    profile = np.outer(_WEEKDAYS, 0.22 + 0.85 * morning + afternoon).ravel()
    return np.asarray(profile / profile.mean(), dtype=np.float64)


def load(instants: Ints) -> Floats:
    """Call volume at these instants (UTC microseconds) against the mean of the week, which is 1."""
    return _week()[(instants + _MONDAY) // STEP % _STEPS_A_WEEK]


def volume(rng: np.random.Generator, end: int, days: int, calls_per_day: float) -> Ints:
    """Calls that start in each step of the `days` before `end`; `calls_per_day` is the mean over all days."""
    starts = end - days * DAY + np.arange(days * DAY // STEP, dtype=np.int64) * STEP
    noise = np.exp(_DAY_NOISE * rng.standard_normal(days + 1))
    expected = load(starts) * np.exp(_GROWTH_A_DAY * (starts - end) / DAY) * noise[(starts // DAY) - starts[0] // DAY]
    counts = rng.poisson(expected * (days * calls_per_day / expected.sum()))
    return np.asarray(counts, dtype=np.int64)
