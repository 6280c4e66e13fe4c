"""Deployments by the API."""

from __future__ import annotations

from tests.app.conftest import Client


def test_a_told_deployment_is_listed_with_how_many_a_day_there_are(client: Client) -> None:
    for version in ("1.0", "1.1"):
        assert client.post("/api/deployments", json={"version": version}).json == {"created": True}
    found = client.get("/api/deployments?from=now-4d&to=now%2B1m").json
    assert [(one["version"], one["service"]) for one in found["deployments"]] == [
        ("1.1", "voice-agent"),
        ("1.0", "voice-agent"),
    ]
    assert found["per_day"] == 0.5


def test_a_bad_deployment_is_answered_with_the_field(client: Client) -> None:
    answer = client.post("/api/deployments", json={"version": 3})
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "invalid_deployment")
    assert answer.json["error"]["message"].startswith("version:")
    answer = client.post("/api/deployments", data="{", content_type="application/json")
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "invalid_json")
