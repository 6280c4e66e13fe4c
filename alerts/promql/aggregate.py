"""From many series to one for each group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from alerts.promql import folds
from alerts.promql.errors import PromQLError
from alerts.promql.frame import NAME, Bools, Floats, Frame, Ints, empty, frame, key_of, merged, numbered, without
from alerts.promql.limits import WEIGHT
from data.samples.marks import every
from data.samples.model import Labels, LabelSets

_FOLDS: dict[str, Callable[[Floats, Bools | None], Floats]] = {
    "sum": folds.total,
    "avg": folds.mean,
    "min": folds.least,
    "max": folds.greatest,
    "count": folds.count,
    "stddev": folds.deviation,
    "stdvar": folds.variance,
    "group": folds.ones,
}

#: Writing a label costs as much time as looking at so many samples.
_LABELLING = 25


def _grouping(names: tuple[str, ...], drops: bool) -> Callable[[Labels], Labels]:
    """The labels that a series leaves to its group."""
    if drops:
        return lambda labels: without(labels, NAME, *names)
    return lambda labels: {name: labels[name] for name in names if labels.get(name)}


def _groups(given: Frame, names: tuple[str, ...], drops: bool) -> tuple[Ints, Ints]:
    """The group of each series and the first series of each group."""
    if not drops:
        if not names:
            return np.zeros(len(given.labels), dtype=np.int64), np.zeros(1, dtype=np.int64)
        return numbered(given.labels, lambda labels: tuple(labels.get(name, "") for name in names))
    of = _grouping(names, drops)
    return numbered(given.labels, lambda labels: key_of(of(labels)))


@dataclass(frozen=True, slots=True)
class _Plan:
    """Groups' labels; the groups of each size, which are folded in one go, with the rows of their members."""

    labels: LabelSets
    sizes: list[tuple[Ints, Ints]]


def _plan(given: Frame, names: tuple[str, ...], drops: bool) -> _Plan:
    groups, firsts = _groups(given, names, drops)
    order = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups)
    begins = np.cumsum(sizes) - sizes
    parts = []
    for size in np.unique(sizes).tolist():
        those = np.flatnonzero(sizes == size)
        parts.append((those, order[begins[those, None] + np.arange(size)]))
    of = _grouping(names, drops)
    return _Plan(LabelSets(of(given.labels[first]) for first in firsts.tolist()), parts)


def aggregate(op: str, given: Frame, names: tuple[str, ...], drops: bool, param: Floats | None = None) -> Frame:
    """sum, avg, ... or quantile of the groups by the labels `names` (`drops`: by all others)."""
    if not len(given.labels):
        return given
    plan = LabelSets.derive(given.labels, (aggregate, names, drops), lambda: _plan(given, names, drops))
    shape = (len(plan.labels), given.values.shape[1])
    values, here = np.zeros(shape), np.zeros(shape, dtype=np.bool_)
    nameless = np.zeros(len(plan.labels), dtype=np.bool_)
    for those, members in plan.sizes:
        cube, mask = given.values[members].transpose(0, 2, 1), given.here[members].transpose(0, 2, 1)
        everywhere = None if every(mask) else mask
        if op == "quantile":
            assert param is not None
            values[those] = folds.quantile(cube, everywhere, param)
        else:
            values[those] = _FOLDS[op](cube, everywhere)
        here[those] = mask.any(axis=-1)
        nameless[those] = given.nameless[members].any(axis=-1)
    return Frame(plan.labels, values, here, nameless).seen()


def ranked(op: str, given: Frame, names: tuple[str, ...], drops: bool, k: Floats) -> Frame:
    """topk or bottomk: at each step the k series with the largest or smallest values of each group."""
    steps = given.values.shape[1]
    if not len(given.labels) or k.max() < 1:
        return empty(steps)
    if np.isnan(k).any():
        raise PromQLError("Parameter value is NaN")
    if k.max() >= 2**63:
        raise PromQLError(f"Scalar value {k.max():g} overflows int64")
    groups, _ = _groups(given, names, drops)
    keys = -given.values if op == "topk" else given.values
    # Best first, what is not here last; numpy sorts NaN behind all numbers and keeps the order of series that tie.
    chosen, order = np.zeros_like(given.here), []
    for members in np.split(np.argsort(groups, kind="stable"), np.cumsum(np.bincount(groups))[:-1]):
        places = np.lexsort((keys[members], ~given.here[members]), axis=0)
        ranks = np.argsort(places, axis=0, kind="stable")
        chosen[members] = given.here[members] & (ranks < np.floor(k))
        order.append(members[places[:, 0]] if steps == 1 else members)
    result = Frame(given.labels, given.values, chosen, given.nameless)
    return result.take(np.concatenate(order)).seen()


def count_values(label: str, given: Frame, names: tuple[str, ...], drops: bool, spend: Callable[[int], None]) -> Frame:
    """How often each value occurs in each group, the value as a label."""
    if not label:
        raise PromQLError('invalid label name ""')
    if not len(given.labels):
        return given
    of = _grouping(names if drops else (*names, label), drops)
    rows, steps = np.nonzero(given.here)
    distinct, which = np.unique(given.values[rows, steps], return_inverse=True)
    # Series that show one value again and again are looked at once for it.
    pairs, member = np.unique(rows * max(len(distinct), 1) + which, return_inverse=True)
    spend(WEIGHT * pairs.size * _LABELLING)
    texts = [_text(value) for value in distinct.tolist()]
    owners, shown = np.divmod(pairs, max(len(distinct), 1))
    shows = zip(owners.tolist(), shown.tolist(), strict=True)
    labels = [of({**given.labels[row], label: texts[value]}) for row, value in shows]
    groups, firsts = numbered(labels, key_of)
    spend(WEIGHT * len(firsts) * given.values.shape[1])
    values = np.zeros((len(firsts), given.values.shape[1]))
    np.add.at(values, (groups[member], steps), 1)
    return merged(frame([labels[first] for first in firsts.tolist()], values, values > 0))


def _text(value: float) -> str:
    """The shortest decimal that reads back as the value, never with an exponent."""
    if np.isfinite(value):
        return np.format_float_positional(value, trim="-")
    return "NaN" if np.isnan(value) else "+Inf" if value > 0 else "-Inf"
