"""Users, sessions, keys, links and the audit log, in SQLite and in PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from data.access import audit, setup
from data.access.keys import BadKey, add_key, find_key, key_of_secret, list_keys, revoke_key
from data.access.roles import Role, Scope
from data.access.users import BadUser, add_user, change_user, find_subject, find_user, has_users, list_users
from data.record import Record
from data.times import now_micros


def test_a_name_is_taken_once_whatever_its_case(record: Record) -> None:
    assert not has_users(record)
    made = add_user(record, " Ann ", Role.ADMIN, "hash", subject="https://id 1")
    assert (made.name, made.role, made.disabled) == ("ann", Role.ADMIN, False)
    assert find_user(record, "ANN") == (made, "hash")
    assert find_subject(record, "https://id 1") == made
    for name in ("ann", "ＡＮＮ", "", "a b", "a\x00", "x" * 101):
        with pytest.raises(BadUser):
            add_user(record, name, Role.VIEWER)
    assert find_user(record, "a\x00") is None
    assert list_users(record) == [made]


def test_there_is_always_an_admin(record: Record) -> None:
    ann = add_user(record, "ann", Role.ADMIN)
    for change in ({"disabled": True}, {"role": Role.VIEWER}):
        with pytest.raises(BadUser, match="only admin"):
            change_user(record, ann, **change)
    add_user(record, "bob", Role.ADMIN)
    assert change_user(record, ann, role=Role.VIEWER).role is Role.VIEWER


def test_a_key_works_until_it_is_revoked(record: Record) -> None:
    key, secret = add_key(record, "grafana", [Scope.READ, Scope.SCRAPE], "ann")
    assert key_of_secret(record, secret) == key
    assert key.scopes == {Scope.READ, Scope.SCRAPE}
    with pytest.raises(BadKey):
        add_key(record, "grafana", [Scope.READ], "ann")
    assert revoke_key(record, key.id)
    assert (key_of_secret(record, secret), revoke_key(record, key.id)) == (None, None)
    assert [one.revoked_at is not None for one in list_keys(record)] == [True]


def test_the_name_of_a_revoked_key_may_be_used_again(record: Record) -> None:
    for _ in range(2):
        revoke_key(record, add_key(record, "grafana", [Scope.READ], "ann")[0].id)
    live, secret = add_key(record, "grafana", [Scope.INGEST], "ann")
    assert find_key(record, "grafana") == key_of_secret(record, secret) == live
    with pytest.raises(BadKey, match="there is a key grafana already"):
        add_key(record, "grafana", [Scope.READ], "ann")
    assert len(list_keys(record)) == 3


def test_only_the_key_of_a_wall_screen_has_a_view_and_it_has_no_other_scope(record: Record) -> None:
    key, secret = add_key(record, "lobby", [Scope.KIOSK], "ann", view="/?kiosk=1")
    assert key_of_secret(record, secret) == key
    assert key.told() == {"scopes": ["kiosk"], "view": "/?kiosk=1"}
    for scopes, view in (([Scope.KIOSK], None), ([Scope.READ], "/"), ([Scope.KIOSK, Scope.READ], "/")):
        with pytest.raises(BadKey, match="scope kiosk"):
            add_key(record, "other", scopes, "ann", view=view)


def test_of_many_who_use_the_link_at_once_one_becomes_admin(record: Record) -> None:
    secret, other = setup.new_link(record), setup.new_link(record)
    assert setup.is_valid(record, secret)

    def use(number: int) -> bool:
        try:
            setup.use_link(record, secret, f"user{number}", "hash")
        except setup.LinkOver:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(use, range(8))) == 1
    assert [user.role for user in list_users(record)] == [Role.ADMIN]
    for link in (secret, other, "unheard-of"):
        assert not setup.is_valid(record, link)
        with pytest.raises(setup.LinkOver):
            setup.use_link(record, link, "eve", "hash")


def test_a_link_is_over_after_fifteen_minutes(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    secret, now = setup.new_link(record), now_micros()
    monkeypatch.setattr(setup, "now_micros", lambda: now + setup.VALID + 1_000_000)
    assert not setup.is_valid(record, secret)
    with pytest.raises(setup.LinkOver):
        setup.use_link(record, secret, "ann", "hash")


def test_the_audit_log_says_who_did_what(record: Record) -> None:
    audit.append(
        record, "ann", "role changed", "bob", before={"role": "viewer"}, after={"role": "admin"}, address="::1"
    )
    audit.append(record, "x" * 500, "sign-in failed", "line\nbreak\x00", address="10.0.0.1")
    newest, first = audit.entries(record)
    assert (first.actor, first.subject, first.before, first.after) == (
        "ann",
        "bob",
        {"role": "viewer"},
        {"role": "admin"},
    )
    assert (len(newest.actor), newest.subject) == (200, "line break ")
    assert audit.entries(record, text="ROLE ch") == [first]
    assert audit.entries(record, text="%") == []
    assert audit.entries(record, before_id=newest.id) == [first]
    assert audit.count(record, "sign-in failed", 0, address="10.0.0.1") == 1
    assert audit.count(record, "sign-in failed", newest.at, address="10.0.0.1") == 0
