"""Calls of one caller or agent, one after the other: the engine's window functions take twice as long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Select, func, select

from data.analytics import AnalyticCopy

#: So many rows are looked at at once: some fifty megabytes.
_ROWS = 1_000_000


def parts(
    copy: AnalyticCopy, query: Select[Any], by: ColumnElement[int], name: str
) -> Iterator[dict[str, NDArray[Any]]]:
    """The columns of a query in parts of bounded size; rows with the same number of `by` are in the same part."""
    found = select(func.count().label("n")).select_from(query.subquery())
    number = max(1, -(-copy.row(found, name)["n"] // _ROWS))
    for part in range(number):
        yield copy.arrays(query.where(by % number == part) if number > 1 else query, name)


def in_sequence(groups: NDArray[Any], *keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """The order in which the rows of each group stand together, by the first of the keys, then by the second."""
    order = np.arange(len(groups))
    for key in reversed(keys):
        # Nearly in order as they come: for such, this way of sorting takes next to nothing.
        order = order[np.argsort(key[order], kind="stable")]
    codes, _ = pd.factorize(groups[order])
    return np.asarray(order[_in_order(codes)])


def _in_order(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The order of numbers below 2**32, equal ones as they stand: 16 bits at a time, as numpy counts such numbers out
    instead of comparing them."""
    order = np.argsort((codes & 0xFFFF).astype(np.uint16), kind="stable")
    if len(codes) and codes.max() > 0xFFFF:
        order = order[np.argsort((codes >> 16).astype(np.uint16)[order], kind="stable")]
    return order
