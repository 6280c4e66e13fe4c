"""Users, sessions, keys, links and the audit log, in SQLite and in PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from data.access import audit, setup
from data.access.keys import BadKey, add_key, key_of_secret, list_keys, revoke_key
from data.access.roles import Role, Scope
from data.access.sessions import close_sessions, list_sessions, open_session, renew_session, session_of_secret
from data.access.users import BadUser, User, add_user, change_user, find_subject, find_user, has_users, list_users
from data.record import Record
from data.times import now_micros


def opened(record: Record, user: User) -> str:
    return open_session(record, user.id, "program", address="10.0.0.1", agent="test")[1]


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


def test_a_session_is_its_users_as_he_is_now(record: Record) -> None:
    add_user(record, "ann", Role.ADMIN)
    bob = add_user(record, "bob", Role.VIEWER)
    secret = opened(record, bob)
    assert session_of_secret(record, secret, "browser") is None
    found = session_of_secret(record, secret, "program")
    assert found and (found.name, found.role) == ("bob", Role.VIEWER)
    bob = change_user(record, bob, role=Role.OPERATOR)
    found = session_of_secret(record, secret, "program")
    assert found and found.role is Role.OPERATOR
    change_user(record, bob, disabled=True)
    assert session_of_secret(record, secret, "program") is None
    # A session that began in the same moment ends with the others.
    late = opened(record, bob)
    assert session_of_secret(record, late, "program") is None


def test_of_two_that_renew_at_once_one_succeeds_and_then_nobody(record: Record) -> None:
    ann = add_user(record, "ann", Role.ADMIN)
    secret = opened(record, ann)
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(lambda _: renew_session(record, secret), range(2)))
    renewed = [one for one in found if one is not None]
    assert len(renewed) <= 1
    assert list_sessions(record) == []


def test_all_sessions_of_a_user_end_together(record: Record) -> None:
    ann, bob = add_user(record, "ann", Role.ADMIN), add_user(record, "bob", Role.VIEWER)
    kept = opened(record, ann)
    assert [opened(record, bob) for _ in range(2)]
    assert close_sessions(record, bob.id) == 2
    assert [one.name for one in list_sessions(record)] == ["ann"]
    assert session_of_secret(record, kept, "program")


def test_a_key_works_until_it_is_revoked(record: Record) -> None:
    key, secret = add_key(record, "grafana", [Scope.READ, Scope.SCRAPE], "ann")
    assert key_of_secret(record, secret) == key
    assert key.scopes == {Scope.READ, Scope.SCRAPE}
    with pytest.raises(BadKey):
        add_key(record, "grafana", [Scope.READ], "ann")
    assert revoke_key(record, "grafana")
    assert (key_of_secret(record, secret), revoke_key(record, "grafana")) == (None, None)
    assert [one.revoked_at is not None for one in list_keys(record)] == [True]


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
