"""A real call centre's month through the API: the figures that plain pandas computed, on both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.factory import App
from data.importer import Source, import_file
from tests.app.conftest import Client, unwired, wired

ZONE = "Asia/Jerusalem"
JANUARY = f"from=1999-01-01&to=1999-02-01&zone={ZONE}"


@pytest.fixture(scope="module")
def expected(datasets: Path) -> Any:
    return json.loads((datasets / "anonymous_bank_1999" / "expected_january.json").read_text())


@pytest.fixture(params=["sqlite", "postgres"])
def bank(request: pytest.FixtureRequest, tmp_path: Path, datasets: Path) -> Iterator[App]:
    url = request.getfixturevalue("postgres_database") if request.param == "postgres" else ""
    app = wired(tmp_path, database_url=url) if url else wired(tmp_path)
    for _ in range(2):
        path = datasets / "anonymous_bank_1999" / "calls_1999_01.cdr.csv.gz"
        source = Source(app.services.settings.secret(), zone=ZONE)
        report = import_file(app.services.record, path, source, file_format="csv", rejects=tmp_path / "rejects.csv")
        assert report.rejected == 0
    assert report.duplicate == report.rows == 31_599
    yield app
    unwired(app)


def test_january_through_the_api(bank: App, expected: Any) -> None:
    client: Client = bank.server.test_client()
    kpis = client.get(f"/api/kpis?{JANUARY}").json
    duration, wait = expected["duration_seconds"], expected["wait_seconds_of_offered"]
    assert {name: kpis[name] for name in ("total_calls", "offered")} == {
        name: expected[name] for name in ("total_calls", "offered")
    }
    close = {
        "success_rate": expected["success_rate_percent"],
        "abandonment_rate": expected["abandonment_rate_percent"],
        "avg_duration_seconds": duration["mean"],
        "p50_duration_seconds": duration["p50"],
        "p95_duration_seconds": duration["p95"],
        "p99_duration_seconds": duration["p99"],
        "avg_wait_seconds": wait["mean"],
        "p50_wait_seconds": wait["p50"],
        "p95_wait_seconds": wait["p95"],
        "asa_seconds": expected["asa_seconds"]["mean"],
        "service_level": expected["service_level_20s_percent"]["abandoned_count"],
    }
    # The expected figures are rounded to four decimals.
    assert {name: round(kpis[name], 4) for name in close} == pytest.approx(close, abs=1e-4)
    left_out = client.get(f"/api/kpis?{JANUARY}&sl_abandoned=exclude").json["service_level"]
    assert left_out == pytest.approx(expected["service_level_20s_percent"]["abandoned_left_out"], abs=1e-4)
    assert client.get(f"/api/calls?{JANUARY}&limit=1").json["total"] == expected["rows"]
    for status, count in expected["by_status"].items():
        assert client.get(f"/api/calls?{JANUARY}&limit=1&status={status}").json["total"] == count

    agents = client.get(f"/api/agents?{JANUARY}").json
    assert len(agents) == expected["agents"]
    for one in agents[:3]:
        known = expected["top_agents"][one["agent"]]
        assert one["calls"] == known["calls"]
        assert one["avg_duration_seconds"] == pytest.approx(known["mean_duration_seconds"], abs=1e-3)
        assert one["p95_duration_seconds"] == pytest.approx(known["p95_duration_seconds"])

    days = client.get(f"/api/series?{JANUARY}&metric=calls&bucket=day").json
    assert (len(days), sum(day["value"] > 0 for day in days)) == (31, expected["days_with_calls"])
    busiest = max(days, key=lambda day: day["value"])
    assert [_local(busiest["bucket_start"]), busiest["value"]] == expected["busiest_day"]
    queues = client.get(f"/api/series?{JANUARY}&metric=calls&bucket=month&by=queue").json
    assert {one["queue"]: one["value"] for one in queues} == expected["calls_by_queue"]


def _local(instant: str) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(ZoneInfo(ZONE)):%Y-%m-%d}"
