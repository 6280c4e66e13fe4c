"""Label values with an end: a caller can't make series without end by inventing names."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import TypeVar

#: Stands for every label value beyond the bound.
OTHER = "other"
#: Characters; a longer value is a mistake, and each series would carry it into every scrape.
LONGEST_LABEL = 128

T = TypeVar("T", bound=Hashable)


class Bounded:
    """Lets the first `most` different values through; threads may share it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[Hashable] = set()
        self._lock = threading.Lock()

    def admits(self, value: Hashable) -> bool:
        """Whether the value is among the first `most`."""
        if value in self._known:
            return True
        with self._lock:
            if len(self._known) >= self._most:
                return False
            self._known.add(value)
        return True


class Budget:
    """So many series may still be made; threads may share it."""

    def __init__(self, series: int) -> None:
        self._left = series
        self._lock = threading.Lock()

    def claim(self, series: int) -> bool:
        """Take so many; False, and nothing taken, if fewer are left."""
        with self._lock:
            if series > self._left:
                return False
            self._left -= series
        return True


def label(value: object) -> str:
    """Any value as a label: nothing as "", what is too long or no Unicode as "other"."""
    text = "" if value is None else str(value)
    return text if len(text) <= LONGEST_LABEL and is_unicode(text) else OTHER


def is_unicode(text: str) -> bool:
    """Whether it can be written as UTF-8; half a surrogate pair in one name would fail every scrape."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
