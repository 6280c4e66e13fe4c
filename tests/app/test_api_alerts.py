"""Alerts, acknowledgements, silences, the webhook, and what the dashboard says of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from alerts.states import State
from app.factory import App
from tests.app.alerting import fire, hooked, message, told
from tests.app.conftest import Client, unwired, wired

Json = Any


@pytest.fixture(scope="module")
def firm_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An app for all that it refuses: nothing of that is to change it."""
    made = wired(tmp_path_factory.mktemp("firm"))
    yield made
    unwired(made)


@pytest.fixture(scope="module")
def firm(firm_app: App) -> Client:
    return firm_app.server.test_client()


def alerts(client: Client, query: str = "") -> dict[str, Json]:
    return {each["name"]: each for each in client.get(f"/api/alerts{query}").json["alerts"]}


def test_alerts_stand_with_all_that_is_known_of_them(app: App, client: Client) -> None:
    fingerprint = fire(app, "HighErrorRate", value=7.25)
    fire(app, "HighMemoryUsage", state=State.PENDING)
    fire(app, "IngestStalled", state=State.INACTIVE)
    found = alerts(client)
    assert list(found) == ["HighErrorRate", "HighMemoryUsage", "IngestStalled"]
    one = found["HighErrorRate"]
    assert (one["fingerprint"], one["state"], one["value"]) == (fingerprint, "firing", 7.25)
    assert one["receivers"] == ["email", "slack"]
    assert (one["origin"], one["rule_group"]) == ("rules", "alerts-now")
    assert one["expression"].startswith("sum(rate(voicehive_calls_total")
    assert client.get(f"/api/alerts/{fingerprint}").json == one


@pytest.mark.parametrize(
    ("state", "names"),
    [
        ("firing", ["HighErrorRate", "HighApiResponseTime"]),
        ("acknowledged", ["HighApiResponseTime"]),
        ("pending", ["HighMemoryUsage"]),
        ("resolved", ["IngestStalled"]),
    ],
)
def test_alerts_are_chosen_by_state(app: App, client: Client, state: str, names: list[str]) -> None:
    fire(app, "HighErrorRate")
    seen = fire(app, "HighApiResponseTime")
    fire(app, "HighMemoryUsage", state=State.PENDING)
    fire(app, "IngestStalled", state=State.INACTIVE)
    client.post(f"/api/alerts/{seen}/ack", json={"who": "Ada"})
    assert list(alerts(client, f"?state={state}")) == names
    assert client.get("/api/alerts").json["counts"][state] == len(names)


def test_an_unknown_state_is_refused(firm: Client) -> None:
    assert firm.get("/api/alerts?state=calm").status_code == 400


def test_who_took_note_is_said_until_it_is_taken_back(app: App, client: Client) -> None:
    fingerprint = fire(app, "HighErrorRate")
    path = f"/api/alerts/{fingerprint}/ack"
    answer = client.post(path, json={"who": " Ada ", "comment": "on it"})
    assert answer.status_code == 200
    note = alerts(client)["HighErrorRate"]["acknowledged"]
    assert (note["who"], note["comment"]) == ("Ada", "on it")
    assert alerts(client)["HighErrorRate"]["state"] == "firing"
    assert client.delete(path).json["acknowledged"] is None
    assert client.delete(path).status_code == 409


def test_where_nobody_signs_in_a_note_may_go_without_a_name(app: App, client: Client) -> None:
    path = f"/api/alerts/{fire(app, 'HighErrorRate')}/ack"
    assert client.post(path).json["acknowledged"]["who"] == "local"
    assert client.post(path, json={"comment": "on it"}).json["acknowledged"]["comment"] == "on it"


def test_an_acknowledgement_ends_with_its_alert(app: App, client: Client) -> None:
    fingerprint = fire(app, "HighErrorRate", minutes=10)
    client.post(f"/api/alerts/{fingerprint}/ack", json={"who": "Ada"})
    fire(app, "HighErrorRate", state=State.INACTIVE, minutes=10)
    assert client.post(f"/api/alerts/{fingerprint}/ack", json={"who": "Eve"}).status_code == 409
    fire(app, "HighErrorRate", minutes=1)
    assert alerts(client)["HighErrorRate"]["acknowledged"] is None


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"who": ""}, "who"),
        ({"who": "  "}, "who"),
        ({"who": "x" * 201}, "who"),
        ({"who": "a\0b"}, "who"),
        ({"who": 7}, "who"),
        ({"who": "Ada", "comment": "x" * 2001}, "comment"),
        ({"who": "Ada", "until": "tomorrow"}, "until"),
        ([], ""),
    ],
)
def test_a_bad_acknowledgement_names_its_fault(firm_app: App, firm: Client, body: Json, place: str) -> None:
    answer = firm.post(f"/api/alerts/{fire(firm_app, 'HighErrorRate')}/ack", json=body)
    assert answer.status_code == 400
    assert answer.json["error"]["message"].startswith(place)


def test_an_alert_that_is_not_there_is_a_404(firm: Client) -> None:
    assert firm.get("/api/alerts/0123456789abcdef").status_code == 404
    assert firm.post("/api/alerts/0123456789abcdef/ack", json={"who": "Ada"}).status_code == 404
    assert firm.delete("/api/alerts/0123456789abcdef/ack").status_code == 404


# --- silences


def silence(**fields: Json) -> dict[str, Json]:
    made = {"matchers": ['alertname="HighErrorRate"'], "duration": "2h", "created_by": "Ada", "comment": "known"}
    return made | fields


def test_a_silence_mutes_until_it_is_ended(app: App, client: Client) -> None:
    fingerprint = fire(app, "HighErrorRate")
    answer = client.post("/api/silences", json=silence())
    assert (answer.status_code, answer.json["state"], answer.json["alerts"]) == (201, "active", [fingerprint])
    made = answer.json["id"]
    assert alerts(client)["HighErrorRate"]["silenced_by"] == [made]
    assert client.get("/api/silences?state=active").json["silences"][0]["id"] == made
    assert client.delete(f"/api/silences/{made}").status_code == 200
    assert alerts(client)["HighErrorRate"]["silenced_by"] == []
    assert client.delete(f"/api/silences?id={made}").status_code == 409
    assert client.get("/api/silences").json["silences"][0]["state"] == "expired"


@pytest.mark.parametrize(
    "matcher",
    [
        'alertname="HighErrorRate"',
        {"name": "alertname", "op": "=~", "value": "High.*"},
        {"name": "alertname", "value": "HighErrorRate", "isRegex": False},
        {"name": "alertname", "value": "Low.*", "isRegex": True, "isEqual": False},
    ],
)
def test_matchers_may_be_written_in_any_way(app: App, client: Client, matcher: Json) -> None:
    fire(app, "HighErrorRate")
    client.post("/api/silences", json=silence(matchers=[matcher, "severity=critical"]))
    assert len(alerts(client)["HighErrorRate"]["silenced_by"]) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"matchers": []},
        {"matchers": ["nonsense"]},
        {"matchers": ['a=~"("']},
        {"matchers": ['a=~".*"']},
        {"matchers": [{"name": "a"}]},
        {"duration": "2 hours"},
        {"duration": None},
        {"ends_at": "2027-01-01T00:00:00Z"},
        {"duration": None, "ends_at": "2020-01-01T00:00:00Z"},
        {"duration": None, "ends_at": "2027-01-01T00:00:00"},
        {"created_by": ""},
        {"comment": ""},
        {"surprise": 1},
    ],
)
def test_a_bad_silence_is_refused_and_not_stored(firm: Client, fields: Json) -> None:
    assert firm.post("/api/silences", json=silence(**fields)).status_code == 400
    assert firm.get("/api/silences").json["silences"] == []


def test_a_silence_that_is_not_there_is_a_404(client: Client) -> None:
    nobody = "00000000-0000-0000-0000-000000000000"
    assert client.delete(f"/api/silences/{nobody}").status_code == 404
    assert client.post("/api/silences", json=silence(id=nobody)).status_code == 404
    assert client.delete("/api/silences").status_code == 400


def test_a_preview_says_what_would_be_matched(app: App, client: Client) -> None:
    fire(app, "HighErrorRate")
    fire(app, "HighMemoryUsage")
    fire(app, "IngestStalled", state=State.INACTIVE)

    def names(*matchers: str) -> list[str]:
        answer = client.get("/api/silences/preview", query_string=[("matcher", each) for each in matchers])
        return [each["name"] for each in answer.json["alerts"]]

    assert names("alertname=~High.+") == ["HighErrorRate", "HighMemoryUsage"]
    assert names("alertname=~High.+", "severity!=critical") == ["HighMemoryUsage"]
    assert names() == []
    assert client.get("/api/silences/preview?matcher=a=~(").status_code == 400


def test_a_critical_alert_mutes_the_warning_of_its_topic(app: App, client: Client) -> None:
    critical = fire(app, "CriticalMemoryUsage", instance="a")
    fire(app, "HighMemoryUsage", instance="a")
    assert alerts(client)["HighMemoryUsage"]["inhibited_by"] == [critical]


# --- the webhook


def test_what_an_alertmanager_tells_is_shown_and_kept(client: Client) -> None:
    assert client.post("/api/alerts/webhook", json=message()).json == {"accepted": 1}
    one = alerts(client)["DiskFull"]
    assert (one["state"], one["origin"], one["since"]) == ("firing", "alertmanager", "2026-11-26T07:00:00.123Z")
    # Its own Alertmanager tells of it.
    assert one["receivers"] == []
    over = hooked(status="resolved", endsAt="2026-11-26T07:10:00Z")
    client.post("/api/alerts/webhook", json=message(over, status="resolved"))
    history = client.get("/api/alerts/history?from=2026-11-26T00:00:00Z&to=2026-11-26T12:00:00Z").json
    assert [each["seconds_to_resolve"] for each in history["incidents"]] == [pytest.approx(599.877)]


def test_of_a_message_its_alerts_are_enough(client: Client) -> None:
    least = {"status": "firing", "labels": {"alertname": "DiskFull"}, "startsAt": "2026-11-26T07:00:00Z"}
    assert client.post("/api/alerts/webhook", json={"version": "4", "alerts": [least]}).json == {"accepted": 1}
    assert alerts(client)["DiskFull"]["state"] == "firing"


def test_a_message_that_comes_again_changes_nothing(client: Client) -> None:
    for _ in range(3):
        client.post("/api/alerts/webhook", json=message())
    assert len(client.get("/api/alerts/history?from=2026-11-20").json["incidents"]) == 1


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"version": "3"}, "version"),
        ({"version": None}, "version"),
        ({"status": "odd"}, "status"),
        ({"alerts": {}}, "alerts"),
        ({"alerts": [1]}, "alerts.0"),
        ({"truncatedAlerts": -1}, "truncatedAlerts"),
        ({"groupLabels": {"a": 1}}, "groupLabels.a"),
        ({"alerts": [hooked(labels={})]}, "alerts.0.labels"),
        ({"alerts": [hooked(labels={"a": "b\0"})]}, "alerts.0.labels.a"),
        ({"alerts": [hooked(), hooked(startsAt="yesterday")]}, "alerts.1.startsAt"),
        ({"alerts": [hooked(startsAt="2026-11-26T07:00:00")]}, "alerts.0.startsAt"),
        ({"alerts": [hooked(status="resolved")]}, "alerts.0"),
    ],
)
def test_a_message_that_is_none_is_refused_as_a_whole(firm: Client, fields: Json, place: str) -> None:
    answer = firm.post("/api/alerts/webhook", json=message(**fields))
    assert answer.status_code == 400
    assert answer.json["error"]["message"].startswith(place)
    assert "DiskFull" not in alerts(firm)


@pytest.mark.parametrize("body", [b"", b"nonsense", b"[]", b"[" * 100_000, b'{"version": NaN}', b"\xff"])
def test_garbage_is_a_client_error(firm: Client, body: bytes) -> None:
    assert firm.post("/api/alerts/webhook", data=body).status_code == 400


# --- what the dashboard says


def test_health_and_count_come_from_what_fires(app: App, client: Client) -> None:
    def seen() -> tuple[str, int]:
        found = client.get("/api/dashboard/health").json
        return found["status"], found["active_alerts"]

    fire(app, "Watchdog")
    fire(app, "HighErrorRate", state=State.PENDING)
    assert seen() == ("healthy", 0)
    fire(app, "LowSuccessRate")
    assert seen() == ("degraded", 1)
    told(app, severity="critical")
    assert seen() == ("critical", 2)
    metrics = client.get("/api/dashboard/metrics").json
    assert (metrics["system_health"], metrics["alerts"]) == ("critical", 2)


def test_what_is_silenced_or_acknowledged_still_counts(app: App, client: Client) -> None:
    fingerprint = fire(app, "HighErrorRate")
    client.post(f"/api/alerts/{fingerprint}/ack", json={"who": "Ada"})
    client.post("/api/silences", json=silence())
    assert client.get("/api/dashboard/health").json["active_alerts"] == 1
    assert [problem.note for problem in app.services.problems()] == ["acknowledged by Ada"]


def test_recent_activity_has_calls_and_alerts(app: App, client: Client) -> None:
    client.post("/api/alerts/webhook", json=message())
    over = hooked(status="resolved", endsAt="2026-11-26T07:10:00Z")
    client.post("/api/alerts/webhook", json=message(over))
    found = client.get("/api/dashboard/recent-activity").json
    assert [(one["type"], one["severity"]) for one in found] == [("alert", "success"), ("alert", "error")]
    assert found[0]["message"] == "Resolved: Disk full"
    assert found[1]["message"] == "Disk full: The disk is full"
