"""From transitions to what arrives: once, in order, and as the configuration says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.alerts.delivering import Delivering
from tests.alerts.hook import Hook, ids


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as made:
        yield made


@pytest.fixture
def bench(tmp_path: Path, hook: Hook) -> Iterator[Delivering]:
    made = Delivering(tmp_path, hook)
    yield made
    made.close()


def test_an_alert_and_its_end_are_told(bench: Delivering, hook: Hook) -> None:
    move = bench.fire(id="1")
    hook.wait_for(1)
    bench.end(move)
    assert ids(hook.wait_for(2)) == ["1", "-1"]
