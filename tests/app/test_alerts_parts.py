"""What the page of alerts and every page's bell say, without a browser."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from alerts.states import State
from app.factory import App
from app.pages.alerts.affected import calls_behind
from app.pages.alerts.words import is_web
from tests.app.alerting import fire, told
from tests.app.conftest import Client


def query_of(app: App, name: str) -> dict[str, list[str]]:
    alert = next(each for each in app.services.alerts() if each.name == name)
    return parse_qs(urlsplit(calls_behind(alert)).query)


def test_an_alert_of_calls_leads_to_the_calls_of_its_window(app: App) -> None:
    fire(app, "HighErrorRate", minutes=3)
    fire(app, "LowSuccessRate", minutes=3)
    fire(app, "LongCallDuration", minutes=3, agent="roxy")
    fire(app, "HighMemoryUsage")
    assert query_of(app, "HighErrorRate")["status"] == ["error"]
    assert query_of(app, "LowSuccessRate")["status"] == ["error", "abandoned", "missed", "voicemail"]
    assert query_of(app, "LongCallDuration")["agent"] == ["roxy"]
    assert query_of(app, "HighMemoryUsage") == {}
    alert = next(each for each in app.services.alerts() if each.name == "HighErrorRate")
    begun = datetime.fromisoformat(query_of(app, "HighErrorRate")["from"][0]).timestamp() * 1000
    assert alert.active_at - begun == pytest.approx(300_000, abs=1)


@pytest.mark.parametrize("view", ["current", "history", "silences", "rules", "backtest", "deliveries"])
def test_every_view_is_shown_and_an_alert_beside_the_first(app: App, client: Client, view: str) -> None:
    fingerprint = fire(app, "HighErrorRate")
    parts = client.get(f"/_live/alerts?view={view}&fingerprint={fingerprint}").json["parts"]
    assert "could not be shown" not in str(parts)
    assert ("High error rate" in str(parts["al-detail"])) is (view == "current")
    assert ("voicehive_calls_total" in str(parts["al-facts"])) is (view == "current")


def test_an_unknown_view_is_refused_and_an_unknown_alert_is_said(app: App, client: Client) -> None:
    assert client.get("/_live/alerts?view=nothing").status_code == 400
    parts = client.get("/_live/alerts?fingerprint=0123456789abcdef").json["parts"]
    assert "No such alert now" in str(parts["al-detail"])


def test_the_bell_comes_with_every_page(app: App, client: Client) -> None:
    fire(app, "HighErrorRate")
    told(app, severity="warning")
    for page in ("overview", "trends", "alerts", "shell"):
        parts = client.get(f"/_live/{page}").json["parts"]
        assert parts["vh-bell-count"]["children"][0] == "2", page
        assert "High error rate" in parts["vh-news"]["data-alerts"]


def test_a_lost_database_shows_at_once_whatever_the_rules_say(
    app: App, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    fire(app, "HighErrorRate", state=State.PENDING)
    assert client.get("/_live/overview").status_code == 200
    app.services.answers = type(app.services.answers)()
    monkeypatch.setattr(app.services.record, "away", lambda: "gone")
    answer = client.get("/_live/overview")
    assert answer.status_code == 503
    assert answer.json["error"]["code"] == "database_unavailable"
    assert "Critical" in str(answer.json["parts"]["ov-health"])
    assert "Database connection issue" in str(answer.json["parts"]["vh-problems"])
    # What rules judge is still shown.
    alerts = client.get("/_live/alerts").json["parts"]
    assert "High error rate" in str(alerts["al-body"])
    assert "The call record does not answer." in str(alerts["al-body"])
    assert "does not answer" in str(client.get("/_live/alerts?view=history").json["parts"]["al-body"])


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("https://wiki.example/a", True),
        ("http://10.0.0.1:8080/x?y=1", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//evil.example", False),
        ("https://", False),
        ("http://[", False),
        ("JaVaScRiPt:alert(1)//http://x", False),
    ],
)
def test_only_addresses_of_the_web_are_linked(text: str, linked: bool) -> None:
    assert is_web(text) is linked


def test_notifications_can_be_tried_and_looked_at(app: App, client: Client) -> None:
    receivers = client.get("/api/alerts/receivers").json["receivers"]
    assert {each["receiver"] for each in receivers} >= {"slack", "email"}
    assert all(each["unready"] for each in receivers)
    assert client.post("/api/alerts/receivers/test", json={"receiver": "slack"}).status_code == 409
    assert client.post("/api/alerts/receivers/test", json={"receiver": "nobody"}).status_code == 404
    assert client.post("/api/alerts/receivers/test", json={}).status_code == 400
    assert client.get("/api/alerts/deliveries").json == {"deliveries": []}


def test_a_bad_file_is_refused_and_what_was_in_force_stays(app: App, client: Client, tmp_path: Path) -> None:
    assert client.post("/api/rules/reload").json["rules"] > 40
    bad = tmp_path / "rules.yml"
    bad.write_text("groups:\n  - name: a\n    rules:\n      - {alert: A, expr: 'sum('}\n", encoding="utf-8")
    app.services.rules.path = bad
    answer = client.post("/api/rules/reload")
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "invalid_rules")
    assert f"{bad}:4:" in answer.json["error"]["message"]
    assert fire(app, "HighErrorRate")
    assert "was not taken" in str(client.get("/_live/alerts?view=rules").json["parts"]["al-body"])


@pytest.mark.parametrize("view", ["current", "history", "silences", "rules", "backtest", "deliveries"])
def test_a_file_of_routes_that_can_t_be_used_is_told_in_every_view(
    app: App, client: Client, tmp_path: Path, view: str
) -> None:
    assert client.get("/api/v2/status").json["config"]["error"] == ""
    bad = app.services.notifier.path = tmp_path / "alertmanager.yml"
    bad.write_text("route:\n  receiver: nobody\nroutes: []\n", encoding="utf-8")
    assert client.post("/api/rules/reload").status_code == 400
    parts = client.get(f"/_live/alerts?view={view}").json["parts"]
    assert f"{bad}:3: the field 'routes' is not known" in str(parts["al-body"])
    assert "The file of routes can't be used, the old routes go on" in str(parts["vh-problems"])
    assert f"{bad}:3: " in client.get("/api/v2/status").json["config"]["error"]


def test_a_rule_that_fails_and_a_template_that_fails_are_each_one_line(app: App, client: Client) -> None:
    states = {state.rule.name: state for _, states in app.services.rules.groups for state in states}
    states["HighErrorRate"].error = "many-to-many matching not allowed"
    states["HighMemoryUsage"].template_error = "the template of label team failed: line 1: no"
    shown = str(client.get("/_live/alerts?view=rules").json["parts"]["al-body"])
    written = states["HighErrorRate"].rule.place, states["HighMemoryUsage"].rule.place
    file = app.services.rules.path
    rows = file.read_text(encoding="utf-8").splitlines()
    assert [rows[int(place.removeprefix(f"{file}:")) - 1].split() for place in written] == [
        ["-", "alert:", "HighErrorRate"],
        ["-", "alert:", "HighMemoryUsage"],
    ]
    for line in (
        f"{written[0]}: group alerts-now, HighErrorRate: can't be judged: many-to-many matching not allowed",
        f"{written[1]}: group alerts-now, HighMemoryUsage: the template of label team failed: line 1: no",
    ):
        assert line in shown


def test_one_group_is_no_groups(app: App, client: Client, tmp_path: Path) -> None:
    path = app.services.rules.path = tmp_path / "rules.yml"
    path.write_text("groups: [{name: g, rules: [{alert: Down, expr: up == 0}]}]", encoding="utf-8")
    app.services.rules.reload()
    shown = str(client.get("/_live/alerts?view=rules").json["parts"]["al-body"])
    assert "1 alert and 0 recorded series in 1 group." in shown


def test_alerts_of_one_name_are_told_apart_by_the_labels_in_which_they_differ(app: App, client: Client) -> None:
    fire(app, "SLOBurnRate", slo="calls")
    fire(app, "SLOBurnRate", slo="api")
    fire(app, "HighErrorRate")
    shown = str(client.get("/_live/alerts").json["parts"]["al-body"])
    assert [shown.count(f"'data-tip': '{each}'") for each in ("slo=calls", "slo=api", "topic=slo")] == [1, 1, 0]
    assert shown.count("al-label") == 2


def test_only_receivers_that_are_configured_are_named(app: App, client: Client, tmp_path: Path) -> None:
    fingerprint = fire(app, "HighErrorRate")

    def facts() -> str:
        return str(client.get(f"/_live/alerts?fingerprint={fingerprint}").json["parts"]["al-facts"])

    assert "none of its receivers is configured" in facts()
    secret = tmp_path / "url"
    secret.write_text("https://hooks.example.net/x", encoding="utf-8")
    routes = tmp_path / "alertmanager.yml"
    routes.write_text(
        app.services.notifier.path.read_text("utf-8").replace("/run/secrets/slack_webhook_url", str(secret)), "utf-8"
    )
    app.services.notifier.path = routes
    app.services.notifier.reload()
    app.services.answers = type(app.services.answers)()
    assert "slack" in facts() and "email" not in facts()
