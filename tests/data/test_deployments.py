from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from data.deployments import (
    BadDeployment,
    add_deployment,
    list_deployments,
    note_version,
    read_deployment,
)
from data.record import Record
from data.times import DAY, now_micros

AT = "2026-11-01T12:00:00+01:00"


def test_a_deployment_is_stored_once_however_often_it_is_told(record: Record) -> None:
    told = read_deployment({"version": "1.4.2", "at": AT, "note": "new greeting"})
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: add_deployment(record, told), range(16)))
    assert sorted(results) == [False] * 15 + [True]
    [row] = list_deployments(record, None, None)
    assert row == {
        "service": "voice-agent",
        "environment": "production",
        "version": "1.4.2",
        "at": 1_793_530_800_000_000,
        "note": "new greeting",
    }


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ({}, "version:"),
        ({"version": " "}, "version:"),
        ({"version": "1", "at": "2026-11-01 12:00"}, "at:"),
        ({"version": "1", "at": "1969-01-01T00:00:00Z"}, "at:"),
        ({"version": "1", "at": "2226-01-01T00:00:00Z"}, "at:"),
        ({"version": "1", "nope": 1}, "nope:"),
        ({"version": "1\x00"}, "version:"),
        ({"version": "1", "note": "a\x00b"}, "note:"),
        ({"version": "v" * 101}, "version:"),
        ([], "body:"),
        ("text", "body:"),
    ],
)
def test_what_is_no_deployment_is_refused_by_the_field(content: object, place: str) -> None:
    with pytest.raises(BadDeployment, match=f"^{place}"):
        read_deployment(content)


def test_a_start_in_a_new_version_is_a_deployment_and_a_restart_is_none(record: Record) -> None:
    for version in ("1.0", "1.0", "1.1", "1.0"):
        note_version(record, version, "production")
    note_version(record, "1.0", "development")
    seen = [(row["environment"], row["version"]) for row in list_deployments(record, None, None, "voicehive")]
    assert seen == [("development", "1.0"), ("production", "1.0"), ("production", "1.1"), ("production", "1.0")]


def test_only_those_of_the_range_are_listed(record: Record) -> None:
    now = now_micros()
    add_deployment(record, read_deployment({"version": "now"}))
    add_deployment(record, read_deployment({"version": "then", "at": AT}))
    assert [row["version"] for row in list_deployments(record, now - DAY, now + DAY)] == ["now"]
    assert list_deployments(record, now + DAY, None) == []
