"""Sessions in the record (SQLite, PostgreSQL) and in Redis: the same whichever keeps them."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from data.access.record_sessions import RecordSessions
from data.access.redis_sessions import RedisSessions
from data.access.roles import Role
from data.access.sessions import IDLE, Sessions, SessionsAway
from data.access.users import User, add_user, change_user, sign_out
from data.record import Record
from data.times import SECOND, now_micros
from tests import servers
from tests.servers import wait_until


@pytest.fixture(params=["record", "redis"])
def sessions(request: pytest.FixtureRequest, record: Record) -> Sessions:
    if request.param == "record":
        return RecordSessions(record)
    return RedisSessions(record, request.getfixturevalue("redis_url"))


def opened(sessions: Sessions, user: User) -> str:
    return sessions.open(user, "program", address="10.0.0.1", agent="test")[1]


def test_a_session_is_its_users_as_he_is_now(record: Record, sessions: Sessions) -> None:
    add_user(record, "ann", Role.ADMIN)
    bob = add_user(record, "bob", Role.VIEWER)
    secret = opened(sessions, bob)
    assert sessions.of_secret(secret, "browser") is None
    found = sessions.of_secret(secret, "program")
    assert found and (found.name, found.role) == ("bob", Role.VIEWER)
    assert sessions.of_id(found.id) == found
    bob = change_user(record, bob, role=Role.OPERATOR)
    found = sessions.of_secret(secret, "program")
    assert found and found.role is Role.OPERATOR
    change_user(record, bob, disabled=True)
    assert sessions.of_secret(secret, "program") is None
    # A session that began in the same moment ends with the others, also when the user may come again.
    late = opened(sessions, bob)
    assert sessions.of_secret(late, "program") is None
    again = change_user(record, bob, disabled=False)
    assert (sessions.of_secret(secret, "program"), sessions.of_secret(late, "program")) == (None, None)
    assert sessions.of_secret(opened(sessions, again), "program")


def test_a_new_password_ends_what_began_with_the_old_one(record: Record, sessions: Sessions) -> None:
    ann = add_user(record, "ann", Role.ADMIN, "hash")
    before = opened(sessions, ann)
    changed = change_user(record, ann, password_hash="other")
    # Its password was looked at before the change, its session is made after it.
    late = opened(sessions, ann)
    now = opened(sessions, changed)
    assert [sessions.of_secret(each, "program") is not None for each in (before, late, now)] == [False, False, True]
    assert len(sessions.listed()) == 1


def test_of_two_that_renew_at_once_one_succeeds_and_then_nobody(record: Record, sessions: Sessions) -> None:
    secret = opened(sessions, add_user(record, "ann", Role.ADMIN))
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(lambda _: sessions.renew(secret), range(2)))
    assert len([one for one in found if one is not None]) <= 1
    assert sessions.listed() == []


def test_a_renewed_session_is_the_same_with_another_secret(record: Record, sessions: Sessions) -> None:
    ann = add_user(record, "ann", Role.ADMIN)
    first = opened(sessions, ann)
    before = sessions.of_secret(first, "program")
    session, second = sessions.renew(first) or pytest.fail("not renewed")
    assert before and session.id == before.id
    assert sessions.of_secret(first, "program") is None
    assert sessions.of_secret(second, "program")
    assert sessions.renew("unheard-of") is None
    browser = sessions.open(ann, "browser", address="", agent="")[1]
    assert sessions.renew(browser) is None
    assert sessions.of_secret(browser, "browser")


def test_sessions_end_one_by_one_by_user_or_all_others(record: Record, sessions: Sessions) -> None:
    ann, bob = add_user(record, "ann", Role.ADMIN), add_user(record, "bob", Role.VIEWER)
    kept = sessions.of_secret(opened(sessions, ann), "program")
    one = sessions.of_secret(opened(sessions, bob), "program")
    assert kept and one
    assert (sessions.close(one.id), sessions.close(one.id), sessions.of_id(one.id)) == (True, False, None)
    assert [opened(sessions, bob) for _ in range(2)]
    assert [each.name for each in sessions.listed(bob.id)] == ["bob", "bob"]
    sign_out(record, bob.id)
    assert [each.name for each in sessions.listed()] == ["ann"]
    opened(sessions, ann)
    # Those of bob were over already.
    assert sessions.close_others(kept.id) == 1
    assert [each.id for each in sessions.listed()] == [kept.id]
    assert sessions.close_others(None) == 1


def test_the_list_has_what_is_known_of_each_the_last_used_first(record: Record, sessions: Sessions) -> None:
    ann = add_user(record, "ann", Role.ADMIN)
    first, _ = sessions.open(ann, "browser", address="2001:db8::1", agent="Ünïcode\n" * 100)
    second, _ = sessions.open(ann, "program", address="10.0.0.1", agent="")
    assert [each.id for each in sessions.listed()] == [second, first]
    sessions.touch(first)
    newest, other = sessions.listed()
    assert (newest.id, newest.kind, newest.address, len(newest.agent)) == (first, "browser", "2001:db8::1", 200)
    assert newest.created_at <= other.seen_at <= newest.seen_at <= now_micros()


def test_what_has_ended_is_not_brought_back_by_its_use(record: Record, sessions: Sessions) -> None:
    ann = add_user(record, "ann", Role.ADMIN)
    session_id, secret = sessions.open(ann, "browser", address="", agent="")
    sessions.close(session_id)
    sessions.touch(session_id)
    assert (sessions.of_secret(secret, "browser"), sessions.listed()) == (None, [])


@pytest.mark.parametrize("limit", ["IDLE", "LIFETIME"])
def test_a_session_ends_when_nobody_uses_it_and_in_the_end_anyway(
    record: Record, sessions: Sessions, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{type(sessions).__module__}.{limit}", SECOND)
    session_id, secret = sessions.open(add_user(record, "ann", Role.ADMIN), "browser", address="", agent="")

    def is_over() -> bool:
        if limit == "LIFETIME":
            sessions.touch(session_id)
        return sessions.of_secret(secret, "browser") is None

    wait_until(is_over, "the session is over")
    assert sessions.listed() == []


HOSTILE = [
    "",
    ".",
    "x",
    "a" * 32,
    f"{'a' * 32}.",
    f"{'a' * 32}.x",
    "seen",
    "seen.x",
    "../x.y",
    "\ud800.x",
    "\x00.x",
    "*." * 99,
]


@pytest.mark.parametrize("secret", HOSTILE, ids=ascii)
def test_a_secret_that_is_none_is_nobodys(record: Record, sessions: Sessions, secret: str) -> None:
    known, good = sessions.open(add_user(record, "ann", Role.ADMIN), "program", address="", agent="")
    for each in (secret, f"{known}.{secret}", f"{known}{secret}", good[:-1]):
        assert (sessions.of_secret(each, "program"), sessions.renew(each)) == (None, None)
    assert sessions.of_secret(good, "program")


def test_redis_keeps_a_digest_and_forgets_by_itself(sqlite_record: Record, redis_url: str) -> None:
    sessions, client = RedisSessions(sqlite_record, redis_url), redis.Redis.from_url(redis_url, decode_responses=True)
    session_id, secret = sessions.open(add_user(sqlite_record, "ann", Role.ADMIN), "browser", address="", agent="")
    kept = {key: client.type(key) for key in client.keys(f"voicehive/{sqlite_record.identity()}/session/*")}
    assert sorted(kept.values()) == ["hash", "zset"]
    key = next(key for key, kind in kept.items() if kind == "hash")
    assert secret not in str(client.hgetall(key)) and secret.partition(".")[2] not in key
    for each in kept:
        assert IDLE - 60 * SECOND < client.pttl(each) * 1_000 <= IDLE
    sessions.close(session_id)
    assert client.exists(*kept) == 0


def test_two_databases_that_share_a_redis_do_not_share_sessions(
    sqlite_record: Record, postgres_record: Record, redis_url: str
) -> None:
    here, there = RedisSessions(sqlite_record, redis_url), RedisSessions(postgres_record, redis_url)
    first, second = add_user(sqlite_record, "ann", Role.VIEWER), add_user(postgres_record, "root", Role.ADMIN)
    secret, _ = opened(here, first), opened(there, second)
    assert here.of_secret(secret, "program")
    assert there.of_secret(secret, "program") is None
    assert [each.name for each in there.listed()] == ["root"]


def test_sessions_of_a_time_without_redis_do_not_come_back_after_it(sqlite_record: Record, redis_url: str) -> None:
    before = RecordSessions(sqlite_record)
    secret = opened(before, add_user(sqlite_record, "ann", Role.ADMIN))
    RedisSessions(sqlite_record, redis_url)
    assert before.of_secret(secret, "program") is None


def test_a_redis_that_is_away_or_hangs_is_said_to_be_and_is_used_again_afterwards(sqlite_record: Record) -> None:
    with servers.redis() as server:
        sessions = RedisSessions(sqlite_record, f"redis://127.0.0.1:{server.port}/0")
        ann = add_user(sqlite_record, "ann", Role.ADMIN)
        session_id, secret = sessions.open(ann, "program", address="", agent="")
        assert server.process
        server.process.send_signal(signal.SIGSTOP)
        for ask in (
            lambda: sessions.of_secret(secret, "program"),
            lambda: sessions.of_id(session_id),
            lambda: sessions.touch(session_id),
            lambda: sessions.renew(secret),
            lambda: sessions.close(session_id),
            lambda: sessions.close_others(None),
            lambda: sessions.listed(),
            lambda: opened(sessions, ann),
        ):
            with pytest.raises(SessionsAway, match="REDIS_URL"):
                ask()
        server.process.send_signal(signal.SIGCONT)
        wait_until(lambda: sessions.of_id(session_id) is not None, "Redis answers again")
        server.stop()
        with pytest.raises(SessionsAway, match="REDIS_URL"):
            sessions.listed()
        server.start()
        # It kept nothing on disk: all are signed out.
        assert sessions.listed() == []
