"""What admins may: users, keys, sessions, the audit log, settings, retention, forgetting."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from data.access import audit
from data.access.audit import entries
from data.times import DAY, now_micros
from tests.app.auth.conftest import OWN, PASSWORD, Guarded, bearer, guarded_app, sign_in
from tests.app.conftest import Client, call, unwired


def lines(guarded: Guarded) -> list[tuple[str, str, str]]:
    return [(entry.actor, entry.action, entry.subject) for entry in entries(guarded.record)]


def asks(client: Client, method: str, path: str, body: Any = None) -> Any:
    return client.open(f"/api/admin/{path}", method=method, json=body, headers=OWN)


def test_a_user_is_added_by_a_link_that_works_once(guarded: Guarded) -> None:
    admin = guarded.signed_in("admin")
    made = asks(admin, "POST", "users", {"name": "Ann", "role": "operator"})
    assert (made.status_code, made.json["user"]["role"]) == (201, "operator")
    path = made.json["link"].removeprefix("http://localhost")
    browser = guarded.browser()
    assert "For the account ann" in browser.get(path).text
    assert browser.post(path, data={"password": "short"}, headers=OWN).status_code == 400
    assert browser.post(path, data={"password": PASSWORD}, headers=OWN).status_code == 303
    assert browser.get("/api/kpis").status_code == 200
    assert [guarded.browser().get(path).status_code, browser.post(path, headers=OWN).status_code] == [410, 410]
    assert sign_in(guarded.browser(), "ann").status_code == 303
    assert ("admin", "user added", "ann") in lines(guarded)
    assert ("ann", "password changed", "ann") in lines(guarded)


def test_a_link_ends_when_another_is_made_the_user_is_disabled_or_a_day_has_gone(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = guarded.signed_in("admin")
    first, second = (
        asks(admin, "POST", "users/viewer/link").json["link"].removeprefix("http://localhost") for _ in range(2)
    )
    assert guarded.browser().get(first).status_code == 410
    assert guarded.browser().get(second).status_code == 200
    asks(admin, "PATCH", "users/viewer", {"disabled": True})
    assert guarded.browser().get(second).status_code == 410
    assert asks(admin, "POST", "users/viewer/link").status_code == 409
    asks(admin, "PATCH", "users/viewer", {"disabled": False})
    assert guarded.browser().get(second).status_code == 200
    later = now_micros() + DAY
    monkeypatch.setattr("data.access.invitations.now_micros", lambda: later)
    assert guarded.browser().get(second).status_code == 410


def test_changes_of_a_user_bite_at_once_and_are_written_down(guarded: Guarded) -> None:
    admin, operator = guarded.signed_in("admin"), guarded.signed_in("operator")
    assert operator.get("/api/kpis").status_code == 200
    assert asks(admin, "PATCH", "users/operator", {"role": "viewer"}).json["role"] == "viewer"
    assert operator.delete("/api/silences/none", headers=OWN).status_code == 403
    assert asks(admin, "PATCH", "users/operator", {"disabled": True}).json["disabled"] is True
    assert operator.get("/api/kpis").status_code == 401
    assert sign_in(guarded.browser(), "operator").status_code == 401
    asks(admin, "PATCH", "users/operator", {"disabled": False, "password": "another long one"})
    assert sign_in(guarded.browser(), "operator", "another long one").status_code == 303
    changed = [line for line in lines(guarded) if line[0] == "admin" and line[2] == "operator"]
    assert [action for _, action, _ in reversed(changed)] == [
        "role changed", "user disabled", "user enabled", "password changed",
    ]  # fmt: skip
    role = next(entry for entry in entries(guarded.record) if entry.action == "role changed")
    assert (role.before, role.after) == ({"role": "operator"}, {"role": "viewer"})


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "users", {"name": "a b"}, 400),
        ("POST", "users", {"name": "viewer"}, 400),
        ("POST", "users", {"name": "new", "role": "king"}, 400),
        ("POST", "users", {"name": "new", "password": "short"}, 400),
        ("PATCH", "users/nobody", {"disabled": True}, 404),
        ("PATCH", "users/admin", {"role": "viewer"}, 400),
        ("PATCH", "users/admin", {"disabled": True}, 400),
        ("PATCH", "users/viewer", {}, 400),
        ("PATCH", "users/viewer", {"name": "other"}, 400),
        ("POST", "keys", {"name": "k", "scopes": []}, 400),
        ("POST", "keys", {"name": "k", "scopes": ["all"]}, 400),
        ("POST", "keys", {"name": "read", "scopes": ["read"]}, 400),
        ("DELETE", "keys/999", None, 404),
        ("DELETE", "sessions/none", None, 404),
        ("DELETE", "sessions", None, 400),
        ("DELETE", "sessions?user=nobody", None, 404),
        ("GET", "audit?limit=0", None, 400),
        ("POST", "forget", {"caller": " "}, 400),
        ("POST", "forget", {"caller": "+"}, 400),
    ],
)
def test_what_can_not_be_done_is_refused(shared: Guarded, method: str, path: str, body: Any, status: int) -> None:
    answer = asks(shared.signed_in("admin"), method, path, body)
    assert answer.status_code == status
    assert answer.json["error"]["message"]


def test_a_key_is_told_once_and_ends_at_once(guarded: Guarded) -> None:
    admin, program = guarded.signed_in("admin"), guarded.browser()
    made = asks(admin, "POST", "keys", {"name": "grafana", "scopes": ["read"]}).json
    assert program.get("/api/kpis", headers=bearer(made["secret"])).status_code == 200
    listed = asks(admin, "GET", "keys")
    assert made["secret"] not in listed.text
    assert made["secret"] not in admin.get("/_live/admin?view=keys").text
    known = next(key for key in listed.json if key["name"] == "grafana")
    assert known["used_at"] and known["created_by"] == "admin"
    assert asks(admin, "DELETE", f"keys/{known['id']}").json["revoked_at"]
    assert program.get("/api/kpis", headers=bearer(made["secret"])).status_code == 401
    assert asks(admin, "DELETE", f"keys/{known['id']}").status_code == 409
    assert [line[1] for line in lines(guarded)[:2]] == ["key revoked", "key created"]


def test_sessions_are_ended_one_of_a_user_or_all_but_ones_own(guarded: Guarded) -> None:
    admin, viewer, operator = (guarded.signed_in(name) for name in ("admin", "viewer", "operator"))
    listed = asks(admin, "GET", "sessions").json
    assert {session["user"]: session["own"] for session in listed} == {
        "admin": True, "viewer": False, "operator": False,
    }  # fmt: skip
    one = next(session["id"] for session in listed if session["user"] == "viewer")
    assert asks(admin, "DELETE", f"sessions/{one}").json == {"ended": 1}
    assert [viewer.get("/api/kpis").status_code, operator.get("/api/kpis").status_code] == [401, 200]
    assert asks(admin, "DELETE", "sessions?user=operator").json == {"ended": 1}
    assert operator.get("/api/kpis").status_code == 401
    guarded.signed_in("viewer")
    assert asks(admin, "DELETE", "sessions?everybody=1").json == {"ended": 1}
    assert admin.get("/api/kpis").status_code == 200


def test_the_audit_log_is_searched_turned_over_and_taken_away(guarded: Guarded) -> None:
    for number in range(5):
        audit.append(guarded.record, "=cmd|' /C calc'!A1", "tested", f"thing {number}\r\nX: 1", after={"n": number})
    admin = guarded.signed_in("admin")
    first = asks(admin, "GET", "audit?q=thing&limit=3").json
    rest = asks(admin, "GET", f"audit?q=thing&limit=3&before={first['next']}").json
    found = [entry["after"]["n"] for entry in first["entries"] + rest["entries"]]
    assert (found, rest["next"]) == ([4, 3, 2, 1, 0], None)
    file = asks(admin, "GET", "audit.csv?q=thing")
    own, *table = csv.DictReader(io.StringIO(file.text))
    assert own["action"] == "audit log exported"
    assert [row["subject"] for row in table] == [f"thing {number}  X: 1" for number in (4, 3, 2, 1, 0)]
    assert {row["actor"] for row in table} == {"'=cmd|' /C calc'!A1"}
    assert lines(guarded)[0] == ("admin", "audit log exported", "thing")
    assert "thing 4" in admin.get("/_live/admin?view=audit&find=thing").text
    assert "thing 4" not in admin.get("/_live/admin?view=audit&find=nothing").text


def test_no_way_in_the_app_changes_a_line_of_the_log(shared: Guarded) -> None:
    rules = [rule for rule in shared.app.server.url_map.iter_rules() if "audit" in rule.rule]
    assert {method for rule in rules for method in rule.methods or ()} == {"GET", "HEAD", "OPTIONS"}


def test_what_changes_something_or_takes_it_away_leaves_a_line(guarded: Guarded) -> None:
    admin = guarded.signed_in("admin")
    key = bearer(guarded.keys["ingest"])
    assert admin.post("/api/calls", json=call("c1", caller="+49 30 1"), headers=key).status_code == 201
    sign_in(guarded.browser(), "viewer", "wrong password")
    admin.get("/api/export/calls.csv?agent=roxy")
    admin.get("/api/export/calls.xlsx")
    assert admin.get("/api/reports/report.csv").status_code == 200
    admin.post("/api/calls/test/c1/notes", json={"note": "seen"}, headers=OWN)
    note = admin.get("/api/calls/test/c1").json["notes"][0]["id"]
    admin.delete(f"/api/calls/test/c1/notes/{note}", headers=OWN)
    view = {"name": "mine", "path": "/calls", "query": "", "shared": True}
    made = admin.post("/api/views", json=view, headers=OWN).json[0]["id"]
    admin.delete(f"/api/views/{made}", headers=OWN)
    silence = {"matchers": ['alertname="x"'], "duration": "1h", "comment": "why"}
    made = admin.post("/api/silences", json=silence, headers=OWN).json["id"]
    admin.delete(f"/api/silences/{made}", headers=OWN)
    admin.post("/api/rules/reload", headers=OWN)
    asks(admin, "POST", "retention")
    asks(admin, "POST", "forget", {"caller": "+49 30 1"})
    actions = [action for _, action, _ in reversed(lines(guarded))]
    assert actions == [
        "signed in", "sign-in failed", "calls exported", "calls exported", "report exported", "note deleted",
        "view deleted",
        "silence set", "silence ended", "files of rules and routes reloaded", "retention run", "caller forgotten",
    ]  # fmt: skip
    exported = next(entry for entry in entries(guarded.record) if entry.subject == "csv")
    assert exported.after == {"calls": 1, "filter": "agent=roxy"}


def test_a_caller_is_counted_then_forgotten(guarded: Guarded) -> None:
    admin, key = guarded.signed_in("admin"), bearer(guarded.keys["ingest"])
    for name, caller in (("c1", "+49 30 1"), ("c2", "+49 30 1"), ("c3", "+49 30 2")):
        admin.post("/api/calls", json=call(name, caller=caller), headers=key)
    counted = asks(admin, "POST", "forget", {"caller": "+49301", "dry_run": True}).json
    assert counted == {"calls": 2, "archived": 0, "dry_run": True}
    assert admin.get("/api/calls").json["total"] == 3
    assert asks(admin, "POST", "forget", {"caller": "+49 30 1"}).json["calls"] == 2
    assert [each["call_id"] for each in admin.get("/api/calls").json["calls"]] == ["c3"]
    assert "+49" not in str(lines(guarded))


def test_retention_is_shown_and_run(tmp_path: Any) -> None:
    guarded = guarded_app(tmp_path, retention_days=30)
    try:
        admin, key = guarded.signed_in("admin"), bearer(guarded.keys["ingest"])
        old = dict.fromkeys(("started_at", "answered_at", "ended_at"), "2020-01-01T00:00:00Z")
        admin.post("/api/calls", json=[call("old", **old), call("new")], headers=key)
        due = {each["kind"]: each["rows"] for each in asks(admin, "GET", "retention").json["due"]}
        assert due == {"calls": 1, "alerts": 0, "audit": 0, "sessions": 0, "quarantine": 0}
        assert "Delete what is due" in admin.get("/_live/admin?view=data").text
        done = asks(admin, "POST", "retention").json
        assert (done["done"], done["deleted"]["calls"], done["due"][0]["rows"]) == (True, 1, 0)
        assert admin.get("/api/calls?from=2019-01-01").json["total"] == 1
    finally:
        unwired(guarded.app)


@pytest.mark.parametrize("view", ["users", "keys", "sessions", "audit", "settings", "data"])
def test_every_view_is_for_admins_only(shared: Guarded, view: str) -> None:
    assert "could not be shown" not in shared.signed_in("admin").get(f"/_live/admin?view={view}").text
    for who in ("viewer", "operator"):
        client = shared.signed_in(who)
        assert client.get(f"/_live/admin?view={view}").status_code == 403
        assert client.get("/admin").status_code == 403
        assert asks(client, "GET", view).status_code in (403, 404)
