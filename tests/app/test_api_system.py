"""The history of the service, from samples that were taken before."""

from __future__ import annotations

import time
from typing import Any

import pytest

from app.factory import App
from tests.app.conftest import Client

STEP = 15_000


def sampled(app: App, minutes: int, *, gap: range = range(0)) -> None:
    """Samples of the last minutes, one each 15 s but for those in `gap`: 4 requests a round, of which one
    failed and one was a query that asked for too much."""
    now = int(time.time() * 1000) // STEP * STEP
    rounds = minutes * 4
    for number in range(rounds):
        if number in gap:
            continue
        labels = {"job": "voicehive", "instance": "here"}
        api = {**labels, "endpoint": "/api/kpis"}
        query = {**labels, "endpoint": "/api/v1/query"}
        buckets = {"0.1": 2, "0.5": 4, "+Inf": 4}
        samples: list[tuple[dict[str, str], float]] = [
            ({**labels, "__name__": "up"}, 1.0),
            ({**labels, "__name__": "voicehive_system_cpu_usage_percent"}, 20.0 + number % 2),
            ({**api, "__name__": "voicehive_api_requests_total", "status": "200"}, 2.0 * number),
            ({**api, "__name__": "voicehive_api_requests_total", "status": "500"}, 1.0 * number),
            ({**query, "__name__": "voicehive_api_requests_total", "status": "503"}, 1.0 * number),
            ({**labels, "__name__": "voicehive_errors_total", "code": "internal_error"}, 1.0 * number),
        ]
        name = "voicehive_api_response_time_seconds_bucket"
        samples += [({**api, "__name__": name, "le": le}, float(n * number)) for le, n in buckets.items()]
        app.services.samples.scraped("self", now - (rounds - 1 - number) * STEP, samples)


def last(found: Any, name: str) -> float | None:
    value: float | None = found["series"][name][0]["values"][-1]
    return value


def test_the_history_tells_machine_requests_response_times_and_errors(app: App, client: Client) -> None:
    sampled(app, minutes=30)
    found = client.get("/api/system?from=now-20m").json
    assert len(found["times"]) == len(found["series"]["cpu_percent"][0]["values"])
    assert last(found, "cpu_percent") == pytest.approx(20.5)
    assert last(found, "requests_per_second") == pytest.approx(3 / 15, abs=1e-6)
    assert last(found, "failed_requests_percent") == pytest.approx(25.0)
    assert found["series"]["requests_per_second"][0]["labels"] == {"endpoint": "/api/kpis"}
    # Half of the requests took up to 0.1 s, the other half up to 0.5 s: interpolated within their buckets.
    assert last(found, "response_p50_seconds") == pytest.approx(0.1)
    assert last(found, "response_p95_seconds") == pytest.approx(0.46)
    assert last(found, "errors_per_second") == pytest.approx(1 / 15, abs=1e-6)
    assert found["availability_percent"] == 100.0


def test_rounds_without_a_sample_count_as_down(app: App, client: Client) -> None:
    sampled(app, minutes=20, gap=range(20, 40))
    found = client.get("/api/system?from=now-1h").json
    assert found["availability_percent"] == pytest.approx(75.0, abs=1.5)


def test_a_store_without_samples_knows_nothing_and_says_so(client: Client) -> None:
    found = client.get("/api/system").json
    assert found["availability_percent"] is None
    assert all(series == [] for series in found["series"].values())


def test_a_range_that_ends_before_it_starts_is_refused(client: Client) -> None:
    answer = client.get("/api/system?from=now%2B2h&to=now%2B3h")
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "bad_parameter")
