"""What a query may use, and the defaults it goes by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

#: A value of an interim result is there eight bytes long, and in a few copies.
WEIGHT = 4


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds and defaults of a query; spans in milliseconds.

    lookback: how old the latest sample may be; step: the default of subqueries; samples: how many may be looked at, of
    which a value of an interim result counts as several; stop: asked all the while a query runs, True ends it.
    """

    lookback: int = 300_000
    step: int = 60_000
    samples: int = 25_000_000
    stop: Callable[[], bool] = _never
