"""Reports by API: schedules, the ledger, files, links, and who may."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.factory import App
from data.access import audit
from data.times import DAY, now_micros, to_iso
from tests.app.conftest import Client, call, unwired, wired

WEEKLY = {"name": "Weekly", "period": "weekly", "forms": ["csv", "html"], "channels": ["folder"]}


@pytest.fixture
def app(tmp_path: Path) -> Any:
    made = wired(tmp_path / "var", report_dir=tmp_path / "out")
    made.services.lease.renew()
    yield made
    unwired(made)


def test_a_schedule_from_its_making_to_its_end(app: App, client: Client, tmp_path: Path) -> None:
    made = client.post(
        "/api/reports/schedules", json=WEEKLY | {"filter": "agent=roxy&from=now-7d", "zone": "Europe/Berlin"}
    )
    assert made.status_code == 201
    body = made.json
    assert (body["cron"], body["filter"], body["zone"], body["paused"]) == (
        "0 7 * * 1",
        "agent=roxy",
        "Europe/Berlin",
        False,
    )
    path = f"/api/reports/schedules/{body['id']}"
    paused = client.put(path, json=WEEKLY | {"name": "Weekly, roxy", "paused": True}).json
    assert (paused["name"], paused["next_at"]) == ("Weekly, roxy", None)
    assert client.post(f"{path}/run").status_code == 202
    services = app.services
    services.reports.scheduler.tick()
    services.notifier.outbox._round()
    from tests.servers import wait_until

    wait_until(lambda: client.get("/api/reports/runs").json["runs"][0]["status"] == "done", "it is delivered")
    (run,) = client.get("/api/reports/runs").json["runs"]
    assert (run["asked_by"], run["delivered"], run["error"]) == ("local", {"folder": ""}, "")
    for each in run["files"]:
        answer = client.get(f"/api/reports/runs/{run['id']}/{each['name']}")
        assert len(answer.data) == each["bytes"]
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{each["name"]}"'
        assert (tmp_path / "out" / "weekly-roxy" / each["name"]).read_bytes() == answer.data
        linked = services.reports.links.made(run["id"], each["name"]).partition("/api/")[2]
        assert client.get(f"/api/{linked}").data == answer.data
        assert client.get(f"/api/{linked}x").status_code == 410
    assert client.delete(path).status_code == 200
    assert client.get("/api/reports/schedules").json == {"schedules": []}
    assert len(client.get("/api/reports/runs").json["runs"]) == 1
    actions = [entry.action for entry in audit.entries(services.record) if entry.action != "report exported"]
    assert actions[:4] == ["report deleted", "report run", "report changed", "report scheduled"]


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"cron": "0 7 * *"}, 400, "five fields"),
        ({"zone": "Mars/Base"}, 400, "IANA"),
        ({"recipients": ["a@b.c\nBcc: d@e.f"]}, 400, "no mail address"),
        ({"recipients": ["ann@example.org"]}, 409, "SMTP_URL"),
        ({"channels": ["bucket"]}, 409, "REPORT_BUCKET_URL"),
        ({"filter": "csat=9"}, 400, "csat"),
        ({"forms": []}, 400, "forms"),
        ({"colour": "red"}, 400, "colour"),
    ],
)
def test_what_can_not_work_is_refused_at_once(client: Client, change: Any, status: int, says: str) -> None:
    answer = client.post("/api/reports/schedules", json=WEEKLY | change)
    assert (answer.status_code, says in answer.json["error"]["message"]) == (status, True), answer.json


def test_without_the_record_the_page_says_so_and_keeps_its_rows(app: App, client: Client, tmp_path: Path) -> None:
    client.post("/api/reports/schedules", json=WEEKLY)
    assert client.get("/_live/reports").status_code == 200
    app.services.record.close()
    (tmp_path / "var" / "voicehive.db").rename(tmp_path / "away.db")
    answer = client.get("/_live/reports?queue=billing")
    assert (answer.status_code, answer.json["error"]["message"]) == (503, "The call record does not answer.")
    assert "rp-schedules" not in answer.json["parts"]
    (tmp_path / "away.db").rename(tmp_path / "var" / "voicehive.db")


def test_a_report_at_once(app: App, client: Client) -> None:
    start = now_micros() - 8 * DAY
    ended = {"started_at": to_iso(start), "answered_at": to_iso(start), "ended_at": to_iso(start + 60_000_000)}
    assert client.post("/api/calls", json=[call("a", **ended), call("b", **ended, agent="mia")]).status_code == 201
    day = str(to_iso(start))[:10]
    page = client.get(f"/api/reports/report.html?period=daily&date={day}&agent=mia")
    assert page.status_code == 200 and "Agent: mia" in page.text
    assert "sandbox" in page.headers["Content-Security-Policy"]
    rows = client.get(f"/api/reports/report.csv?period=daily&date={day}").text
    assert "Key figures,Total calls,Value,2,calls" in rows
    assert client.get("/api/reports/report.xlsx?period=daily").data.startswith(b"PK")
    for query, status in (("report.doc", 404), ("report.csv?date=tomorrow", 400), ("report.csv?date=2999-01-01", 400)):
        assert client.get(f"/api/reports/{query}").status_code == status


def test_without_a_browser_the_answer_says_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.reports.paper.find_browser", lambda: None)
    answer = client.get("/api/reports/report.pdf?period=daily")
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "no_browser")
    assert "no Chromium is installed" in answer.json["error"]["message"]
