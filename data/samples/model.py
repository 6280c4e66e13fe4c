"""What a store of samples hands out, and how series are chosen."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from data.regex import Regex, compiled

#: The name of a series is its label `__name__`; a label that is missing equals an empty one.
Labels = Mapping[str, str]
_Derived = TypeVar("_Derived")

# Both are NaNs told apart by their bits, so that a sample which really is NaN stays a sample.
_STALE_BITS, _ABSENT_BITS = np.int64(0x7FF0000000000002), np.int64(0x7FF0000000000003)
#: Prometheus' own marker: from here on the series has ended until its next sample.
STALE = _STALE_BITS.view(np.float64)
#: No sample was taken for this series at this time.
ABSENT = _ABSENT_BITS.view(np.float64)


def is_stale(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where the values are stale markers."""
    return np.equal(values.view(np.int64), _STALE_BITS)


def is_absent(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where there is no sample."""
    return np.equal(values.view(np.int64), _ABSENT_BITS)


class LabelSets(tuple[Labels, ...]):
    """Labels of series, with what follows from them alone: a store hands the same object out again and again."""

    _MOST = 100

    def __init__(self, _: Iterable[Labels] = ()) -> None:
        self._derived: dict[Hashable, Any] = {}

    @staticmethod
    def derive(labels: Sequence[Labels], key: Hashable, compute: Callable[[], _Derived]) -> _Derived:
        """What `compute` makes of the labels; `key` tells it from everything else that is made of labels."""
        if not isinstance(labels, LabelSets):
            return compute()
        found: _Derived | None = labels._derived.get(key)
        if found is None:
            if len(labels._derived) >= LabelSets._MOST:
                labels._derived.clear()
            found = labels._derived[key] = compute()
        return found

    @staticmethod
    def derive_of_both(
        left: Sequence[Labels], right: Sequence[Labels], key: Hashable, compute: Callable[[], _Derived]
    ) -> _Derived:
        """The same of two lots of labels."""
        if not isinstance(right, LabelSets):
            return compute()
        # As long as the other lot is kept its number is its own.
        return LabelSets.derive(left, (key, id(right)), lambda: (right, compute()))[1]


# Never changed, but not frozen: hundreds of them are made in each evaluation of all rules.
@dataclass(slots=True, eq=False)
class Block:
    """Series that were sampled together: `labels[i]` has `values[i, j]` at `times[j]`.

    times: milliseconds since 1970, ascending, shape (t,). values: shape (series, t), C-contiguous float64 with STALE
    and ABSENT inside.
    """

    labels: Sequence[Labels]
    times: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass(frozen=True)
class Matcher:
    """One condition on a label; a regular expression has to match the whole value (RE2 syntax)."""

    name: str
    op: Literal["=", "!=", "=~", "!~"]
    value: str

    @cached_property
    def _pattern(self) -> Regex:
        return compiled(f"^(?s:{self.value})$", self.value)

    def matches(self, value: str) -> bool:
        """Whether a label's value ("" if the label is missing) meets the condition; ValueError for a bad pattern."""
        match self.op:
            case "=":
                return value == self.value
            case "!=":
                return value != self.value
            case "=~":
                return self._pattern.fullmatch(value) is not None
            case "!~":
                return self._pattern.fullmatch(value) is None


class Samples(Protocol):
    """A store of samples."""

    def select(self, matchers: Sequence[Matcher], start: int, end: int) -> list[Block]:
        """The series that meet all matchers with their samples from `start` to `end`, both included (milliseconds)."""
