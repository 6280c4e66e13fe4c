"""Sessions in Redis, shared by several instances; Redis itself forgets those that are over.

A session is a hash under its id, and a secret begins with the id. An index holds when each was last used.
"""

from __future__ import annotations

import contextlib
import hmac
import re
import secrets
from collections.abc import Iterator
from typing import Any

from redis import Redis, RedisError
from redis.client import Pipeline
from sqlalchemy import delete

from data import redis_client
from data.access.secrets import digest, draw
from data.access.sessions import IDLE, LIFETIME, Kind, Listed, Session, SessionsAway
from data.access.users import User, list_users, user_of_id
from data.models import sessions
from data.record import Record
from data.times import now_micros

_ID = re.compile(r"([0-9a-f]{32})\.")


class RedisSessions:
    """Sessions by a client of its own; threads may share it."""

    def __init__(self, record: Record, url: str) -> None:
        self._record = record
        self._client = redis_client.client(url)
        # Of two databases that share one Redis, neither's sessions are good for the other.
        self._prefix = f"voicehive/{record.identity()}/session/"
        self._index = f"{self._prefix}seen"
        with record.write() as connection:
            # Those of a time without Redis would be good again after it, whatever was ended meanwhile.
            connection.execute(delete(sessions))

    def open(self, user: User, kind: Kind, *, address: str, agent: str) -> tuple[str, str]:
        """See Sessions; so in all methods."""
        session_id, now = secrets.token_hex(16), now_micros()
        secret = draw(f"{session_id}.")
        row: dict[Any, Any] = {
            "digest": digest(secret),
            "kind": kind,
            "user_id": user.id,
            "generation": user.generation,
            "created_at": now,
            "expires_at": now + LIFETIME,
            "address": address[:45],
            "agent": agent[:200],
        }
        with self._redis() as redis, redis.pipeline() as pipe:
            pipe.hset(self._key(session_id), mapping=row)
            pipe.zremrangebyscore(self._index, "-inf", now - IDLE)
            pipe.zadd(self._index, {session_id: now})
            self._keep(pipe, session_id, now, now + LIFETIME)
            pipe.execute()
        return session_id, secret

    def of_secret(self, secret: str, kind: Kind) -> Session | None:
        if (named := _ID.match(secret)) is None:
            return None
        with self._redis() as redis:
            row = self._read(redis, named[1])
        if row.get("kind") != kind or not hmac.compare_digest(row["digest"], digest(secret)):
            return None
        return self._session(row)

    def of_id(self, session_id: str) -> Session | None:
        with self._redis() as redis:
            return self._session(self._read(redis, session_id))

    def touch(self, session_id: str) -> None:
        with self._redis() as redis, redis.pipeline() as pipe:
            row = self._read(redis, session_id)
            if row:
                now = now_micros()
                pipe.zadd(self._index, {session_id: now})
                self._keep(pipe, session_id, now, int(row["expires_at"]))
                pipe.execute()

    def renew(self, secret: str) -> tuple[Session, str] | None:
        if (named := _ID.match(secret)) is None:
            return None
        session_id, old, renewed = named[1], digest(secret), draw(named[0])
        key = self._key(session_id)

        def swap(pipe: Pipeline) -> None:
            row: dict[str, str] = pipe.hgetall(key)  # type: ignore[assignment]
            pipe.multi()
            if row.get("kind") == "program" and row["digest"] == old:
                pipe.hset(key, mapping={"digest": digest(renewed), "previous": old})
                now = now_micros()
                pipe.zadd(self._index, {session_id: now})
                self._keep(pipe, session_id, now, int(row["expires_at"]))
            elif row.get("previous") == old:
                self._drop(pipe, session_id)

        with self._redis() as redis:
            redis.transaction(swap, key)
        found = self.of_secret(renewed, "program")
        return None if found is None else (found, renewed)

    def close(self, session_id: str) -> bool:
        with self._redis() as redis, redis.pipeline() as pipe:
            self._drop(pipe, session_id)
            return bool(pipe.execute()[0])

    def close_others(self, session_id: str | None) -> int:
        others = sum(each.id != session_id for each in self.listed())
        with self._redis() as redis, redis.pipeline() as pipe:
            for each, _ in self._seen(redis):
                if each != session_id:
                    self._drop(pipe, each)
            pipe.execute()
        return others

    def listed(self, user_id: int | None = None) -> list[Listed]:
        with self._redis() as redis, redis.pipeline() as pipe:
            seen = self._seen(redis)
            for session_id, _ in seen:
                pipe.hgetall(self._key(session_id))
            rows = pipe.execute()
        known = {user.id: user for user in list_users(self._record)}
        found = []
        for (session_id, at), row in zip(seen, rows, strict=True):
            user = known.get(int(row.get("user_id", 0)))
            if user is not None and _is_of(row, user) and user_id in (None, user.id):
                made, kind = int(row["created_at"]), row["kind"]
                found.append(Listed(session_id, user.name, kind, made, int(at), row["address"], row["agent"]))
        return found

    def _seen(self, redis: Redis) -> list[tuple[str, float]]:
        """Ids with when they were last used, the last one first."""
        found: Any = redis.zrange(self._index, 0, -1, desc=True, withscores=True)
        return list(found)

    def _read(self, redis: Redis, session_id: str) -> dict[str, Any]:
        """The fields of a session with its id and when it was seen; empty if there is none."""
        with redis.pipeline() as pipe:
            pipe.hgetall(self._key(session_id))
            pipe.zscore(self._index, session_id)
            row, seen = pipe.execute()
        return row | {"id": session_id, "seen_at": int(seen)} if row and seen else {}

    def _session(self, row: dict[str, Any]) -> Session | None:
        user = user_of_id(self._record, int(row["user_id"])) if row else None
        if user is None or not _is_of(row, user):
            return None
        return Session(row["id"], user.id, user.name, user.role, row["seen_at"])

    def _keep(self, pipe: Pipeline, session_id: str, now: int, expires_at: int) -> None:
        """Let Redis forget it once it is over, and the index with the last of all."""
        pipe.pexpireat(self._key(session_id), min(now + IDLE, expires_at) // 1_000)
        pipe.pexpireat(self._index, (now + IDLE) // 1_000)

    def _drop(self, pipe: Pipeline, session_id: str) -> None:
        pipe.delete(self._key(session_id))
        pipe.zrem(self._index, session_id)

    def _key(self, session_id: str) -> str:
        return f"{self._prefix}{session_id}"

    @contextlib.contextmanager
    def _redis(self) -> Iterator[Redis]:
        try:
            yield self._client
        except RedisError as error:
            raise SessionsAway(f"Redis (REDIS_URL) keeps the sessions and does not answer: {error}") from error


def _is_of(row: dict[str, Any], user: User) -> bool:
    return int(row["generation"]) == user.generation and not user.disabled
