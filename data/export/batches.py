"""The calls of a filter in batches that fit into memory, all of one state of the copy."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd
from sqlalchemy import BigInteger, Boolean, Double, Integer, select

from data.analytics import COLUMNS, AnalyticCopy, Frames
from data.filters import CallFilter
from data.models import calls
from data.queries.rows import Slices, slices

_BATCH_ROWS = 50_000
#: What only this program needs, and the hash of the caller, which tells people apart.
_HIDDEN = frozenset({"id", "revision", "caller_hash"})
EXPORTED = tuple(name for name in COLUMNS if name not in _HIDDEN)

TIMES = tuple(name for name in EXPORTED if isinstance(calls.c[name].type, BigInteger))
WHOLE = tuple(name for name in EXPORTED if isinstance(calls.c[name].type, Integer) and name not in TIMES)
TRUTHS = tuple(name for name in EXPORTED if isinstance(calls.c[name].type, Boolean))
DOUBLES = tuple(name for name in EXPORTED if isinstance(calls.c[name].type, Double))
TEXTS = tuple(name for name in EXPORTED if name not in {*TIMES, *WHOLE, *TRUTHS, *DOUBLES})


@dataclass(frozen=True, slots=True)
class Batches:
    """`total` rows in frames of the columns EXPORTED: instants as UTC datetimes, whole numbers as Int64."""

    total: int
    frames: Iterator[pd.DataFrame]


@contextlib.contextmanager
def batches(copy: AnalyticCopy, chosen: CallFilter) -> Iterator[Batches]:
    """All calls of the filter, of any status, newest first; what comes in meanwhile is not among them."""
    with copy.snapshot() as state:
        counted = slices(state, chosen)
        yield Batches(counted.total, _frames(state, chosen, counted))


def _frames(copy: Frames, chosen: CallFilter, counted: Slices) -> Iterator[pd.DataFrame]:
    started = calls.c.started_at
    columns = [calls.c[name] for name in EXPORTED]
    for begin, end in counted.spans(_BATCH_ROWS):
        query = chosen.apply(select(*columns)).where(started >= begin, started < end)
        yield _typed(copy.frame(query.order_by(started.desc(), calls.c.id.desc()), "export"))


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    for name in TIMES:
        whole = frame[name].astype("Int64")
        frame[name] = pd.to_datetime(whole, unit="us", utc=True).astype("datetime64[us, UTC]")
    for name in WHOLE:
        frame[name] = frame[name].astype("Int64")
    for name in TRUTHS:
        frame[name] = frame[name].astype("boolean")
    for name in TEXTS:
        frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    return frame
