"""Who may look after alerts, under whose name it stands, and that it is in the audit log."""

from __future__ import annotations

from sqlalchemy import select

from data.models import audit_log
from tests.app.alerting import fire
from tests.app.auth.conftest import OWN, Guarded, bearer

SILENCE = {"matchers": ["alertname=HighErrorRate"], "duration": "1h", "created_by": "Eve", "comment": "known"}


def test_what_a_person_writes_stands_under_their_own_name(guarded: Guarded) -> None:
    fingerprint = fire(guarded.app, "HighErrorRate")
    operator = guarded.signed_in("operator")
    answer = operator.post(f"/api/alerts/{fingerprint}/ack", json={"who": "Eve", "comment": "on it"}, headers=OWN)
    assert answer.json["acknowledged"]["who"] == "operator"
    assert operator.post(f"/api/alerts/{fingerprint}/ack", json={}, headers=OWN).status_code == 200
    assert operator.post("/api/silences", json=SILENCE, headers=OWN).json["created_by"] == "operator"
    with guarded.record.read() as connection:
        lines = connection.execute(select(audit_log.c.actor, audit_log.c.action)).all()
    assert {("operator", "alert acknowledged"), ("operator", "silence set")} <= {tuple(line) for line in lines}


def test_a_program_says_for_whom_it_writes(guarded: Guarded) -> None:
    fingerprint = fire(guarded.app, "HighErrorRate")
    client, key = guarded.browser(), bearer(guarded.keys["operate"])
    path = f"/api/alerts/{fingerprint}/ack"
    assert client.post(path, json={"who": "Eve"}, headers=key).json["acknowledged"]["who"] == "Eve"
    assert client.post(path, json={}, headers=key).json["acknowledged"]["who"] == "key operate"


def test_a_viewer_looks_only(guarded: Guarded) -> None:
    fingerprint = fire(guarded.app, "HighErrorRate")
    viewer = guarded.signed_in("viewer")
    assert viewer.get("/api/alerts").status_code == viewer.get("/_live/shell").status_code == 200
    for method, path in (("POST", f"/api/alerts/{fingerprint}/ack"), ("POST", "/api/silences")):
        assert viewer.open(path, method=method, json={"who": "Eve"}, headers=OWN).status_code == 403
    # Nor does the page offer it.
    layouts = {
        name: guarded.signed_in(name).get("/_dash-layout", headers=_ON_ALERTS) for name in ("viewer", "operator")
    }
    assert '"data-may":""' in layouts["viewer"].text
    assert '"data-may":"operate"' in layouts["operator"].text
    assert '"value":"operator"' in layouts["operator"].text


_ON_ALERTS = {"Referer": "http://localhost/alerts"}
