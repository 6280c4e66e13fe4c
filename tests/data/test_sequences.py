"""Calls one after the other: in the order that is asked for, in parts that keep what belongs together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from data.analytics import AnalyticCopy
from data.kept import CALLER
from data.models import calls
from data.queries import sequences
from data.queries.sequences import in_sequence, parts
from data.record import Record
from data.writer import apply
from tests.data.support import call

_NUMBERS = st.integers(0, 2**63 - 1) | st.integers(0, 3)


@given(st.lists(st.tuples(_NUMBERS, st.integers(0, 5), st.integers(0, 2**40))))
def test_rows_of_a_group_stand_together_in_order(rows: list[tuple[int, int, int]]) -> None:
    groups, first, second = (np.array([row[i] for row in rows], dtype=np.int64) for i in range(3))
    order = in_sequence(groups, first, second)
    assert sorted(order.tolist()) == list(range(len(rows)))
    placed = [rows[i] for i in order]
    whole: dict[int, list[tuple[int, int, int]]] = {}
    for row in placed:
        whole.setdefault(row[0], []).append(row)
    assert [row for group in whole.values() for row in group] == placed
    assert all(group == sorted(group) for group in whole.values())


def test_more_groups_than_sixteen_bits_tell_apart() -> None:
    dice = np.random.default_rng(3)
    groups, key = dice.integers(0, 200_000, 150_000), dice.integers(0, 2**40, 150_000)
    order = in_sequence(groups, key)
    ends = np.flatnonzero(np.diff(groups[order]))
    assert len(ends) + 1 == len(np.unique(groups)) > 65_536
    assert (np.delete(np.diff(key[order]), ends) >= 0).all()


def test_a_caller_is_in_one_part_and_no_call_is_lost(sqlite_record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    apply(sqlite_record, [call(f"{n}", caller_hash=f"{n % 40:032x}") for n in range(400)])
    copy = AnalyticCopy(sqlite_record, None)
    monkeypatch.setattr(sequences, "_ROWS", 60)
    found = list(parts(copy, select(calls.c.id, CALLER.label("caller")), CALLER, "parts"))
    assert len(found) == 7
    assert sorted(n for part in found for n in part["id"]) == list(range(1, 401))
    assert sum(len(np.unique(part["caller"])) for part in found) == 40
    copy.close()
