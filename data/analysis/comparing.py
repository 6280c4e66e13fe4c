"""Whether two groups of calls differ by more than chance. Only NormalDist and numpy are needed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NORMAL = NormalDist()
#: Below this many calls a group says nothing (of rates: also below 5 expected cases, Cochran 1954).
FEWEST = 30


@dataclass(frozen=True, slots=True)
class Interval:
    """A share and the bounds of its 95 % interval, each from 0 to 1."""

    value: float
    low: float
    high: float


def wilson(hits: int, n: int, confidence: float = 0.95) -> Interval | None:
    """The score interval of a share (Wilson 1927, J. Am. Stat. Assoc. 22, 209); None without cases."""
    if n <= 0:
        return None
    z = _NORMAL.inv_cdf(0.5 + confidence / 2)
    share = hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # Rounding must not put a share of nothing or of all outside its own interval.
    return Interval(share, 0.0 if hits == 0 else max(0.0, middle - half), 1.0 if hits == n else min(1.0, middle + half))


@dataclass(frozen=True, slots=True)
class Difference:
    """How far `b` lies from `a`, the bounds of its 95 % interval, and how probable so much is by chance alone."""

    change: float
    low: float
    high: float
    p: float


def shares_differ(hits_a: int, n_a: int, hits_b: int, n_b: int) -> Difference | None:
    """The shares of two groups: pooled z-test; interval by Newcombe's method 10 (1998, Statist. Med. 17, 873).

    None where a group has no cases. The difference is that of shares from 0 to 1.
    """
    a, b = wilson(hits_a, n_a), wilson(hits_b, n_b)
    if a is None or b is None:
        return None
    change = b.value - a.value
    pooled = (hits_a + hits_b) / (n_a + n_b)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / n_a + 1 / n_b))
    p = 1.0 if spread == 0 else 2 * (1 - _NORMAL.cdf(abs(change) / spread))
    low = change - math.hypot(b.value - b.low, a.high - a.value)
    high = change + math.hypot(b.high - b.value, a.value - a.low)
    return Difference(change, low, high, p)


def rate_can_be_judged(hits_a: int, n_a: int, hits_b: int, n_b: int) -> bool:
    """Whether both groups are large enough for the z-test: 30 calls, and 5 expected of each outcome."""
    if min(n_a, n_b) < FEWEST:
        return False
    pooled = (hits_a + hits_b) / (n_a + n_b)
    return min(n_a, n_b) * min(pooled, 1 - pooled) >= 5 or pooled in (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Ranks:
    """How probable a value of `b` is lower than one of `a` (ties count half), and how probable that is by chance."""

    b_lower: float
    p: float


def ranks_differ(counts_a: NDArray[Any], counts_b: NDArray[Any]) -> Ranks | None:
    """Mann and Whitney's test (1947, Ann. Math. Stat. 18, 50) in its normal form, corrected for ties (Lehmann 1975).

    counts: how often each value occurs in either group, values ascending, both of one length. None where one is empty.
    """
    a, b = counts_a.astype(np.float64), counts_b.astype(np.float64)
    n_a, n_b = float(a.sum()), float(b.sum())
    if n_a == 0 or n_b == 0:
        return None
    below = np.cumsum(b) - b
    # Pairs in which b is the lower one; a tie is half a pair.
    lower = float((a * (below + b / 2)).sum())
    n, ties = n_a + n_b, a + b
    spread = n_a * n_b / 12 * ((n + 1) - float((ties**3 - ties).sum()) / (n * (n - 1)))
    if spread <= 0:
        return Ranks(0.5, 1.0)
    z = (abs(lower - n_a * n_b / 2) - 0.5) / math.sqrt(spread)
    return Ranks(lower / (n_a * n_b), min(1.0, 2 * (1 - _NORMAL.cdf(max(z, 0.0)))))
