"""Who is signed in. A session ends when it was not used for a day, at the latest after two weeks.

Sessions are kept in the record (record_sessions.py), or in Redis where there is one (redis_sessions.py); users are
always in the record. When all sessions of a user are to end, the user's `generation` is raised there: whatever keeps
them, and even while it is away, those of an older generation are over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from data.access.roles import Role
from data.access.users import User
from data.times import DAY

Kind = Literal["browser", "program"]

IDLE, LIFETIME = DAY, 14 * DAY


class SessionsAway(RuntimeError):
    """What keeps the sessions can't be reached, or did not answer in time."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session and its user as they are now; times in UTC microseconds."""

    id: str
    user_id: int
    name: str
    role: Role
    seen_at: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A session as it is shown to people; times in UTC microseconds."""

    id: str
    name: str
    kind: str
    created_at: int
    seen_at: int
    address: str
    agent: str


class Sessions(Protocol):
    """Where sessions are kept; every method raises SessionsAway or RecordUnavailable where that is away."""

    def open(self, user: User, kind: Kind, *, address: str, agent: str) -> tuple[str, str]:
        """A new session: its id, and the secret that is known to nobody else and shown only now."""

    def of_secret(self, secret: str, kind: Kind) -> Session | None:
        """The session whose secret this is; None if there is none any more, or its user may not sign in."""

    def of_id(self, session_id: str) -> Session | None:
        """The session with this id, likewise."""

    def touch(self, session_id: str) -> None:
        """Note that a session is in use."""

    def renew(self, secret: str) -> tuple[Session, str] | None:
        """A program's session with a new secret in the place of the old one; None if that is not valid.

        A secret that was renewed before is in two hands: its session ends.
        """

    def close(self, session_id: str) -> bool:
        """End a session; False if there was none."""

    def close_others(self, session_id: str | None) -> int:
        """End all sessions of everybody but this one; how many there were."""

    def listed(self, user_id: int | None = None) -> list[Listed]:
        """The sessions that can still be used (of one user, if it is named), last used first."""
