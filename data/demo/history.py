"""A believable history of calls answered by voice agents, for trials, demonstrations and benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from data.demo.calls import Callers, sample
from data.demo.dice import BulkDice
from data.demo.rhythm import STEP, volume
from data.models import CallEvent
from data.times import DAY

_CHUNK = 5000
_ID_BYTES = 8
#: Bounds the memory of a long history: each known caller is kept.
_MAX_CALLERS = 150_000


def generate(
    *,
    end: int,
    days: int = 60,
    calls_per_day: float = 1000.0,
    seed: int = 1,
    hash_caller: Callable[[str], tuple[str, str]],
) -> Iterator[list[CallEvent]]:
    """Finished calls of the `days` before `end` (UTC microseconds), oldest start first, in chunks of about 5,000.

    The same arguments give the same calls. Calls that would still be running at `end` are left out. Money is in USD,
    latency in ms. `hash_caller` turns a phone number into its hash and last two digits; it is asked once a number.
    """
    rng = np.random.default_rng([seed, end, days, round(calls_per_day * 1000)])
    counts = volume(rng, end, days, calls_per_day)
    callers = Callers(hash_caller, population=min(max(int(counts.sum() * 0.25), 200), _MAX_CALLERS))
    begin = end - days * DAY
    chunk_of_step = np.cumsum(counts) // _CHUNK
    for steps in np.split(np.arange(len(counts)), np.flatnonzero(np.diff(chunk_of_step)) + 1):
        first = begin + np.repeat(steps, counts[steps]) * STEP
        if not len(first):
            continue
        started = np.sort(first + rng.integers(0, STEP // 1000, len(first)) * 1000)
        digits = rng.bytes(_ID_BYTES * len(started)).hex()
        ids = [f"demo-{digits[i : i + 2 * _ID_BYTES]}" for i in range(0, len(digits), 2 * _ID_BYTES)]
        events = sample(BulkDice(rng, len(started)), ids, started, end, callers)
        finished = [event for event in events if event["ended_at"] <= end]
        if finished:
            yield finished
