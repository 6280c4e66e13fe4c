"""Operations of two vectors: which series meets which, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from alerts.promql import operators
from alerts.promql.errors import PromQLError
from alerts.promql.frame import NAME, Bools, Frame, Ints, alike, empty, joined, merged, numbered, without
from alerts.promql.limits import WEIGHT
from alerts.promql.nodes import Binary, Matching
from data.samples.model import Labels, LabelSets


def _signature(rule: Matching) -> Callable[[Labels], Hashable]:
    """What has to be equal for two series to meet."""
    if rule.on:
        return lambda labels: tuple(labels.get(name, "") for name in rule.labels)
    ignored = frozenset((NAME, *rule.labels))
    return lambda labels: frozenset(pair for pair in labels.items() if pair[0] not in ignored)


def _signed(left: Frame, right: Frame, rule: Matching) -> tuple[Ints, Ints, int]:
    """The numbers of the signatures of the series on the left and on the right, and how many there are."""

    def compute() -> tuple[Ints, Ints, int]:
        groups, firsts = numbered([*left.labels, *right.labels], _signature(rule))
        return groups[: len(left.labels)], groups[len(left.labels) :], len(firsts)

    return LabelSets.derive_of_both(left.labels, right.labels, (_signed, rule), compute)


def _has_twins(groups: Ints) -> bool:
    """Whether several series are in one group."""
    return len(set(groups.tolist())) < groups.size


def _tally(groups: Ints, size: int, here: Bools) -> Ints:
    """How many series of each group there are at each step."""
    count = np.zeros((size, here.shape[1]), dtype=np.int64)
    np.add.at(count, groups, here)
    return count


def combine(op: str, left: Frame, right: Frame, rule: Matching) -> Frame:
    """The set operators: and, or, unless."""
    if not len(left.labels):
        return _settled(right) if op == "or" else left
    if not len(right.labels):
        return left if op != "and" else empty(left.values.shape[1])
    left_groups, right_groups, size = _signed(left, right, rule)
    if op == "or":
        taken = _tally(left_groups, size, left.here) > 0
        rest = Frame(right.labels, right.values, right.here & ~taken[right_groups], right.nameless).seen()
        return _settled(joined(left, rest))
    matched = (_tally(right_groups, size, right.here) > 0)[left_groups]
    here = left.here & (matched if op == "and" else ~matched)
    return Frame(left.labels, left.values, here, left.nameless).seen()


def _settled(given: Frame) -> Frame:
    """One series for each label set; where one has a name and its twin is to lose it, both stay for now."""
    if len(alike(given.labels)[1]) == len(given.labels):
        return given
    rows = (given.nameless, ~given.nameless)
    parts = [merged(given.take(part)) for part in rows]
    if all(len(part.labels) == int(count.sum()) for part, count in zip(parts, rows, strict=True)):
        return given
    return joined(*parts)


def operate(node: Binary, left: Frame, right: Frame, spend: Callable[[int], None]) -> Frame:
    """Arithmetic or a comparison of the series that meet; PromQLError if more than the rule allows do."""
    op, rule = node.op, node.matching
    many, one = (right, left) if rule.many == "right" else (left, right)
    if not len(many.labels) or not len(one.labels):
        return empty(left.values.shape[1])
    many_groups, one_groups, size = _signed(many, one, rule)
    if _has_twins(one_groups):
        # Steps at which one side has nothing have no result and no error.
        both = many.here.any(axis=0) & one.here.any(axis=0)
        _check_one_side(one, one_groups, _tally(one_groups, size, one.here & both), rule)
    steps = left.values.shape[1]
    spend(WEIGHT * steps * int(np.bincount(many_groups, minlength=size) @ np.bincount(one_groups, minlength=size)))
    pairs = LabelSets.derive_of_both(
        many.labels, one.labels, (operate, op, rule), lambda: _pairs(many, one, (many_groups, one_groups), op, rule)
    )
    rows, partners = pairs.rows, pairs.partners
    if not rows.size:
        return empty(steps)
    here = many.here[rows] & one.here[partners]
    if pairs.has_twins:
        _check_many_side(many_groups[rows], pairs.labels, here, rule)
    mine, theirs = many.values[rows], one.values[partners]
    values = operators.apply(op, theirs, mine) if rule.many == "right" else operators.apply(op, mine, theirs)
    nameless = many.nameless[rows] | node.returns_bool
    if operators.compares(op) and not node.returns_bool:
        here = here & (values > 0)
        values = theirs if rule.many == "right" else mine
    return _settled(Frame(pairs.labels, values, here, nameless).seen())


@dataclass(frozen=True, slots=True)
class _Pairs:
    """The series that meet: rows of the many side, their partners on the other, the labels of what comes of them.

    has_twins: several have the same signature.
    """

    rows: Ints
    partners: Ints
    labels: LabelSets
    has_twins: bool


def _pairs(many: Frame, one: Frame, groups: tuple[Ints, Ints], op: str, rule: Matching) -> _Pairs:
    """Every series of the many side with every one of the other that has its signature."""
    partners: dict[int, list[int]] = {}
    for index, group in enumerate(groups[1].tolist()):
        partners.setdefault(group, []).append(index)
    found = [(row, each) for row, group in enumerate(groups[0].tolist()) for each in partners.get(group, ())]
    labels = LabelSets(_result(many.labels[row], one.labels[partner], op, rule) for row, partner in found)
    pairs = np.array(found, dtype=np.int64).reshape(-1, 2)
    return _Pairs(pairs[:, 0], pairs[:, 1], labels, _has_twins(groups[0][pairs[:, 0]]))


def _result(many: Labels, one: Labels, op: str, rule: Matching) -> Labels:
    """The labels of the result of two series."""
    kept: Mapping[str, str] = many if operators.compares(op) else without(many, NAME)
    if rule.many == "neither":
        if rule.on:
            kept = {name: value for name, value in kept.items() if name in rule.labels}
        else:
            kept = without(kept, *rule.labels)
    if not rule.include:
        return kept
    included = {name: one[name] for name in rule.include if one.get(name)}
    return {**without(kept, *rule.include), **included}


def _check_one_side(one: Frame, groups: Ints, count: Ints, rule: Matching) -> None:
    if not (count > 1).any():
        return
    group, step = np.argwhere(count > 1)[0]
    twins = [one.labels[row] for row in np.flatnonzero((groups == group) & one.here[:, step])[:2].tolist()]
    side = "left" if rule.many == "right" else "right"
    if rule.on:
        met = {name: twins[0][name] for name in rule.labels if twins[0].get(name)}
    else:
        met = dict(without(twins[0], NAME, *rule.labels))
    raise PromQLError(
        f"found duplicate series for the match group {written(met)} on the {side} hand-side of the operation: "
        f"[{written(twins[1])}, {written(twins[0])}];many-to-many matching not allowed: "
        "matching labels must be unique on one side"
    )


def _check_many_side(groups: Ints, labels: Sequence[Labels], here: Bools, rule: Matching) -> None:
    if rule.many == "neither":
        if (_tally(groups, int(groups.max(initial=0)) + 1, here) > 1).any():
            raise PromQLError(
                "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
            )
        return
    keys, firsts = alike(labels)
    # The same labels may come from two signatures: only twins of one signature are an error here.
    if len(firsts) < len(labels):
        together, pairs = np.unique(np.stack((groups, keys)), axis=1, return_inverse=True)
        if (_tally(pairs.reshape(-1), together.shape[1], here) > 1).any():
            raise PromQLError("multiple matches for labels: grouping labels must ensure unique matches")


def written(labels: Labels) -> str:
    """A label set as Prometheus writes it: name{a="b", c="d"}."""
    inner = ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items()) if name != NAME)
    name = labels.get(NAME, "")
    return f"{name}{{{inner}}}" if inner or not name else name
