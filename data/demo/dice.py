"""Chance for the demo calls, a column at a time: either one stream for all calls, or one stream a call."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Dice(Protocol):
    """Throws one value for each of `count` calls."""

    count: int

    def uniform(self) -> Floats:
        """Values in [0, 1)."""

    def normal(self) -> Floats:
        """Values of mean 0 and standard deviation 1."""


class BulkDice:
    """One stream for all calls: fast for thousands of them."""

    def __init__(self, rng: np.random.Generator, count: int) -> None:
        self.count = count
        self._rng = rng

    def uniform(self) -> Floats:
        """Values in [0, 1)."""
        return self._rng.random(self.count)

    def normal(self) -> Floats:
        """Values of mean 0 and standard deviation 1."""
        return self._rng.standard_normal(self.count)


class CallDice:
    """One stream a call, seeded by its id: the same call comes out again, alone or among others, in a later process."""

    def __init__(self, call_ids: Sequence[str]) -> None:
        self.count = len(call_ids)
        seeds = (hashlib.blake2b(call_id.encode(), digest_size=16).digest() for call_id in call_ids)
        self._rngs = [np.random.default_rng(int.from_bytes(seed)) for seed in seeds]

    def uniform(self) -> Floats:
        """Values in [0, 1)."""
        return np.array([rng.random() for rng in self._rngs], dtype=np.float64)

    def normal(self) -> Floats:
        """Values of mean 0 and standard deviation 1."""
        return np.array([rng.standard_normal() for rng in self._rngs], dtype=np.float64)


def lognormal(dice: Dice, median: Floats | float, sigma: float) -> Floats:
    """Values around `median`, in its unit; `sigma` is the standard deviation of their logarithm."""
    return np.asarray(median * np.exp(sigma * dice.normal()), dtype=np.float64)


def choose(shares: Floats, dice: Dice) -> Ints:
    """An index for each call: `shares` is one row for all calls, or a row of shares a call; each row sums to 1."""
    rows = np.atleast_2d(shares)
    limits = np.cumsum(rows, axis=1)[:, :-1]
    return np.asarray((dice.uniform()[:, None] >= limits).sum(axis=1), dtype=np.int64)
