"""The dashboard's endpoints, figures by agent and over time, health, and what every endpoint has in common."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.api.describe import OPERATIONS
from app.factory import App
from data.record import RecordUnavailable
from tests.app.conftest import Client, call


def test_an_empty_store_gives_nulls_not_zeros(client: Client) -> None:
    metrics = client.get("/api/dashboard/metrics").json
    assert (metrics["total_calls"], metrics["active_calls"]) == (0, 0)
    assert metrics["success_rate"] is metrics["avg_duration"] is None
    assert metrics["system_health"] == "healthy"


def test_metrics_count_calls_of_the_last_day(client: Client) -> None:
    running = {"ended_at": None, "status": "in_progress"}
    client.post("/api/calls", json=[call("a"), call("b", status="error"), call("c", **running)])
    metrics = client.get("/api/dashboard/metrics").json
    assert (metrics["total_calls"], metrics["active_calls"], metrics["success_rate"]) == (2, 1, 50.0)
    assert (metrics["avg_duration"], metrics["avg_duration_seconds"]) == (1.0, 60.0)
    assert metrics["last_updated"].endswith("Z")


def test_a_day_of_call_volume_has_twelve_steps_of_two_hours(client: Client) -> None:
    client.post("/api/calls", json=call("a"))
    volume = client.get("/api/dashboard/call-volume").json
    assert len(volume) == 12
    assert [int(one["time"][:2]) % 2 for one in volume] == [0] * 12
    assert [one["calls"] for one in volume].count(0) == 11
    assert volume == sorted(volume, key=lambda one: one["bucket_start"])


@pytest.mark.parametrize("hours", ["0", "8761", "-1", "1.5", "x", ""])
def test_hours_outside_1_to_8760_are_refused(client: Client, hours: str) -> None:
    answer = client.get(f"/api/dashboard/call-volume?hours={hours}")
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "bad_parameter")


@pytest.mark.parametrize("hours", [1, 2, 25, 168, 8760])
def test_every_range_of_call_volume_covers_its_hours(client: Client, hours: int) -> None:
    assert 6 <= len(client.get(f"/api/dashboard/call-volume?hours={hours}").json) <= 14


def test_activity_is_newest_first(client: Client) -> None:
    client.post("/api/calls", json=[call("a", status="error", end_reason="sip-503"), call("b")])
    client.post("/api/calls", json=call("c", status="in_progress", ended_at=None))
    activity = client.get("/api/dashboard/recent-activity?limit=2").json
    assert [one["type"] for one in activity] == ["call_ended", "call_ended"]
    every = client.get("/api/dashboard/recent-activity").json
    assert {"call_started", "call_ended"} == {one["type"] for one in every}
    assert any("sip-503" in one["message"] and one["severity"] == "error" for one in every)


def test_kpis_stand_beside_the_fair_previous_period(client: Client) -> None:
    at = "2026-11-20T12:00:00Z"
    earlier = "2026-11-19T12:00:00Z"
    common = {"status": "success", "direction": "inbound"}
    client.post(
        "/api/calls",
        json=[{"call_id": "a", "started_at": at, **common}, {"call_id": "b", "started_at": earlier, **common}],
    )
    kpis = client.get("/api/kpis?from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z").json
    assert (kpis["total_calls"], kpis["previous"]["total_calls"]) == (1, 1)
    assert kpis["previous"]["from"] == "2026-11-19T00:00:00Z"
    assert kpis["coverage"]["duration"] == 0.0


def test_agents_have_most_calls_first(client: Client) -> None:
    client.post("/api/calls", json=[call("a", agent="max"), call("b"), call("c"), call("d", agent=None)])
    agents = client.get("/api/agents").json
    assert [(one["agent"], one["calls"]) for one in agents] == [("roxy", 2), ("max", 1)]


def test_series_fill_gaps(client: Client) -> None:
    client.post("/api/calls", json=call("a", started_at="2026-11-20T10:30:00Z", answered_at=None, ended_at=None))
    query = "from=2026-11-20T09:00:00Z&to=2026-11-20T12:00:00Z&bucket=hour"
    counts = client.get(f"/api/series?metric=calls&{query}").json
    assert [one["value"] for one in counts] == [0, 1, 0]
    rates = client.get(f"/api/series?metric=success_rate&by=agent&{query}").json
    assert rates == [
        {"bucket_start": "2026-11-20T09:00:00Z", "agent": "roxy", "value": None},
        {"bucket_start": "2026-11-20T10:00:00Z", "agent": "roxy", "value": 100.0},
        {"bucket_start": "2026-11-20T11:00:00Z", "agent": "roxy", "value": None},
    ]


@pytest.mark.parametrize("query", ["metric=love", "bucket=fortnight", "by=caller_hash", "bucket=5m&from=2001-01-01"])
def test_a_bad_series_is_refused(client: Client, query: str) -> None:
    assert client.get(f"/api/series?{query}").status_code == 400


def test_health_tells_the_truth_when_the_database_is_gone(
    app: App, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise RecordUnavailable("gone")

    assert client.get("/readyz").status_code == 200
    app.services.answers = type(app.services.answers)()
    monkeypatch.setattr(app.services.record, "engine", _Away())
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "database_unavailable")
    assert client.get("/healthz").status_code == 200
    assert client.get("/api/dashboard/metrics").status_code == 503
    assert client.get("/api/dashboard/health").json["status"] == "critical"


class _Away:
    """An engine whose database can't be reached."""

    def connect(self) -> None:
        from sqlalchemy.exc import OperationalError

        raise OperationalError("connect", {}, ConnectionRefusedError("gone"))

    def dispose(self) -> None:
        pass


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nothing", "/api/v3/query", "/api/dashboard"])
def test_an_unknown_path_under_api_is_a_json_404(client: Client, path: str) -> None:
    for answer in (client.get(path), client.post(path)):
        assert answer.status_code == 404
        assert answer.json["error"]["code"] == "not_found"


def test_the_wrong_method_is_a_json_405(client: Client) -> None:
    answer = client.delete("/api/calls")
    assert (answer.status_code, answer.json["error"]["code"]) == (405, "method_not_allowed")
    assert answer.allow.as_set() == {"get", "head", "options", "post"}
    answer = client.get("/api/ingest/vapi")
    assert (answer.status_code, answer.json["error"]["code"]) == (405, "method_not_allowed")
    assert answer.allow.as_set() == {"post", "options"}


def test_the_real_time_address_asks_for_its_protocol(client: Client) -> None:
    answer = client.get("/api/dashboard/ws/real-time")
    assert (answer.status_code, answer.headers["Upgrade"]) == (426, "websocket")
    assert answer.json["error"]["code"] == "upgrade_required"


@pytest.mark.parametrize("origin", ["http://[::1", "http://[localhost:80", "null", "http://localhost.evil.example"])
def test_an_origin_that_is_not_ours_is_a_403(client: Client, origin: str) -> None:
    assert client.post("/api/calls", data="{}", headers={"Origin": origin}).status_code == 403


def test_pages_run_no_scripts_but_their_own(client: Client) -> None:
    policy = client.get("/").headers["Content-Security-Policy"]
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "unsafe" not in scripts
    assert "http" not in policy


def test_nothing_is_embedded_in_other_sites(client: Client) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert client.get("/api/kpis", headers=foreign).status_code == 403
    assert client.get("/_live/overview", headers=foreign).status_code == 403
    assert client.get("/", headers=foreign).status_code == 200


@pytest.mark.parametrize("body", ["{}", "[]", "null", "[" * 5000, '{"output": "nothing.children", "inputs": []}'])
def test_garbage_for_dash_is_a_client_error(client: Client, body: str) -> None:
    answer = client.post("/_dash-update-component", data=body, content_type="application/json")
    assert answer.status_code in (400, 404)
    assert client.get("/_dash-component-suites/x/y").status_code == 404
    assert client.get("/_dash-layout", headers={"Referer": "http://[::1"}).status_code == 200


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_a_range_from_the_beginning_of_time_is_cut_to_where_calls_can_be(client: Client, zone: str) -> None:
    assert client.get(f"/api/kpis?from=0001-01-01&zone={zone}").json["from"] == "1980-01-01T00:00:00Z"


def test_too_many_lines_are_refused_before_they_are_made(client: Client) -> None:
    client.post("/api/calls", json=[call(f"c{i}", agent=f"agent {i}") for i in range(100)])
    answer = client.get("/api/series?by=agent&bucket=5m&from=now-30d")
    assert (answer.status_code, "by: 100 values" in answer.json["error"]["message"]) == (400, True)


def test_every_endpoint_is_described(app: App, client: Client) -> None:
    described = client.get("/api/openapi.json").json["paths"]
    listed = {(operation.method, operation.path) for operation in OPERATIONS}
    routed = {
        (method, rule.rule)
        for rule in app.server.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/") and "rest" not in rule.arguments and not rule.websocket
    }
    assert routed - listed == {("GET", "/api/openapi.json")}
    assert "/api/calls/{source}/{call_id}" in described


def test_answers_have_what_their_description_requires(client: Client) -> None:
    client.post("/api/calls", json=call("a"))
    for path, methods in client.get("/api/openapi.json").json["paths"].items():
        if "get" not in methods or "{" in path:
            continue
        described = methods["get"]["responses"]["200"]["content"]
        if "application/json" not in described:
            continue  # a file
        schema = described["application/json"]["schema"]
        answer = client.get(path)
        if answer.status_code == 400:
            continue  # it needs a parameter
        content = answer.json
        items, shape = (content, schema["items"]) if schema["type"] == "array" else ([content], schema)
        for item in items:
            assert set(shape["required"]) <= set(item), path


def test_private_answers_are_not_cached(client: Client) -> None:
    assert client.get("/api/kpis").headers["Cache-Control"] == "no-store"


def test_a_request_id_is_taken_over_if_it_is_a_plain_word(client: Client) -> None:
    assert client.get("/healthz", headers={"X-Request-ID": "abc-1"}).headers["X-Request-ID"] == "abc-1"
    assert client.get("/healthz", headers={"X-Request-ID": "a b<c>"}).headers["X-Request-ID"] != "a b<c>"


def test_other_sites_are_turned_away(client: Client) -> None:
    body = json.dumps(call("a"))
    assert client.post("/api/calls", data=body, headers={"Origin": "https://evil.example"}).status_code == 403
    assert client.get("/api/kpis", headers={"Host": "evil.example"}).status_code == 403
    assert client.post("/api/calls", data=body, headers={"Origin": "http://localhost"}).status_code == 201


def test_metrics_have_the_names_that_others_rely_on(app: App, client: Client, tmp_path: Path) -> None:
    from prometheus_client import generate_latest

    client.post("/api/calls", json=call("a", agent="roxy"))
    client.get("/api/nothing")
    app.services.system.take()
    text = generate_latest(app.services.metrics.registry).decode()
    assert 'voicehive_calls_total{agent="roxy",status="success"} 1.0' in text
    assert 'voicehive_calls_total{agent="roxy",status="error"} 0.0' in text
    assert 'voicehive_call_duration_seconds_count{agent="roxy",status="success"} 1.0' in text
    assert 'voicehive_api_requests_total{endpoint="/api/calls",method="POST",status="201"} 1.0' in text
    for name in ("active_calls", "api_response_time_seconds_bucket", "system_memory_usage_percent"):
        assert f"\nvoicehive_{name}" in text
    assert "\nvoicehive_system_cpu_usage_percent" in text
    assert "\nvoicehive_database_up 1.0" in text
