"""What alerts did: beginnings with their ends and acknowledgements, and means by rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from alerts import outside
from alerts.dispatch.store import Acknowledgement, acknowledge
from alerts.history import by_rule, events, incidents, mean
from alerts.outside import FORGOTTEN_MS, Origin, OutsideAlert
from data.record import Record
from tests.data.support import empty_record

NOW = 1_800_000_000_000
MINUTE = 60_000


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return empty_record(tmp_path / "calls.db")


def alert(
    at: int,
    ends_at: int | None = None,
    told_at: int | None = None,
    *,
    origin: Origin = Origin.ALERTMANAGER,
    **labels: str,
) -> OutsideAlert:
    given = {"alertname": "Hot", "severity": "critical"} | labels
    return OutsideAlert(origin, given, {"summary": "hot"}, at, ends_at, "", at if told_at is None else told_at)


def tell(record: Record, told: OutsideAlert, now: int) -> None:
    with record.write() as connection:
        outside.take(connection, [told], now)


def note(record: Record, told: OutsideAlert, at: int) -> None:
    with record.write() as connection:
        acknowledge(connection, Acknowledgement(told.fingerprint, told.starts_at, "Ada", "", at))


def test_each_time_that_it_fired_has_its_own_end_and_owner(record: Record) -> None:
    first, second = alert(NOW), alert(NOW + 30 * MINUTE)
    tell(record, first, NOW)
    note(record, first, NOW + 2 * MINUTE)
    tell(record, alert(NOW, NOW + 10 * MINUTE), NOW + 10 * MINUTE)
    tell(record, second, NOW + 30 * MINUTE)
    found = incidents(record, NOW, NOW + 60 * MINUTE, NOW + 40 * MINUTE)
    assert [(each.fired_at, each.resolved_at) for each in found] == [
        (NOW + 30 * MINUTE, None),
        (NOW, NOW + 10 * MINUTE),
    ]
    assert [each.ms_to_acknowledge for each in found] == [None, 2 * MINUTE]
    (row,) = by_rule(found, NOW + 40 * MINUTE)
    assert (row.fired, row.acknowledged, row.mtta, row.mttr) == (2, 1, 2 * MINUTE, 10 * MINUTE)
    assert row.firing_ms == 20 * MINUTE


def test_only_what_began_in_the_range_counts(record: Record) -> None:
    tell(record, alert(NOW), NOW)
    assert len(incidents(record, NOW, NOW + 1, NOW)) == 1
    assert incidents(record, NOW + 1, NOW + MINUTE, NOW) == []
    assert incidents(record, NOW - MINUTE, NOW, NOW) == []


def test_an_alert_that_always_fires_is_no_incident(record: Record) -> None:
    tell(record, alert(NOW, severity="none"), NOW)
    assert incidents(record, 0, NOW + 1, NOW) == []
    assert events(record, 0, NOW + 1, 10) == []


def test_what_is_not_repeated_ends_and_may_fire_again(record: Record) -> None:
    posted = alert(NOW, NOW + 5 * MINUTE, origin=Origin.PROMETHEUS)
    tell(record, posted, NOW)
    later = NOW + 20 * MINUTE
    assert [each.resolved_at for each in incidents(record, 0, later, later)] == [NOW + 5 * MINUTE]
    tell(record, alert(later, later + 5 * MINUTE, origin=Origin.PROMETHEUS), later)
    assert [each.resolved for each in events(record, 0, later + 1, 10)] == [False, True, False]
    assert [each.resolved_at for each in incidents(record, 0, later + 1, later)] == [None, NOW + 5 * MINUTE]


def test_an_alertmanager_that_falls_silent_leaves_no_alert_for_ever(record: Record) -> None:
    tell(record, alert(NOW), NOW)
    with record.read() as connection:
        (kept,) = outside.load(connection)
    assert kept.resolved_at(NOW + FORGOTTEN_MS - 1) is None
    assert kept.resolved_at(NOW + FORGOTTEN_MS) == NOW + FORGOTTEN_MS


def test_a_mean_without_anything_is_unknown() -> None:
    assert mean([]) is None
    assert mean([None, 2, 4]) == 3
