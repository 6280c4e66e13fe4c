"""Whose session, token or key something is, and whether a password is right."""

from __future__ import annotations

import hmac
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from app.auth.addresses import household
from app.auth.identity import Identity
from app.auth.passwords import hash_password, is_outdated, is_right
from app.auth.permissions import OF_ROLE, granted
from app.auth.tokens import Tokens
from data.access import audit
from data.access.keys import PREFIX, key_of_secret, touch_key
from data.access.secrets import digest
from data.access.sessions import Session, Sessions
from data.access.users import MOST_CHARACTERS, User, find_user, keep_hash, normal_name
from data.record import Record, RecordFull
from data.times import MINUTE, now_micros

log = logging.getLogger(__name__)

#: A role that is changed, a session that is ended, a key that is revoked elsewhere is noticed within so long.
REMEMBERED_SECONDS = 2.0
_MOST_REMEMBERED = 4096
#: How exactly "last used" is known.
_TOUCHED_EVERY = MINUTE

FAILED = "sign-in failed"
_TRIES_WITHIN = 5 * MINUTE
#: Of one account from one address; and of all accounts from one address.
_TRIES, _TRIES_OF_ADDRESS = 5, 30
#: A check takes the time of a core and 32 MB: so many wait for their turn, as each holds a thread of the server.
_MOST_WAITING = 32


class WrongPassword(Exception):
    """Name and password do not belong together, or the user may not sign in."""


class NotNow(Exception):
    """The password was not even looked at: HTTP status, what to say, and when to try again (seconds)."""

    def __init__(self, status: int, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.status, self.message, self.retry_after = status, message, retry_after


class Access:
    """The door of one process; threads may share it."""

    def __init__(
        self, record: Record, sessions: Sessions, secret: bytes, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.tokens = Tokens(secret)
        self._record = record
        self._sessions = sessions
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, Identity]] = OrderedDict()
        self._lock = threading.Lock()
        self._names = hmac.digest(secret, b"voicehive unknown names", "sha256")
        self._waiting = threading.Semaphore(_MOST_WAITING)
        self._checking = threading.Lock()

    def by_cookie(self, secret: str) -> Identity | None:
        """Whose browser this is, or which wall screen."""
        if secret.startswith(PREFIX):
            # Not remembered: it asks seldom, and what it shows ends with its next refresh.
            screen = self._program(secret)
            return screen if screen is not None and screen.view is not None else None
        return self._remembered(
            f"cookie {digest(secret)}", lambda: self._person(self._sessions.of_secret(secret, "browser"))
        )

    def by_bearer(self, token: str) -> Identity | None:
        """Whose access token or key this is."""
        find = self._program if token.startswith(PREFIX) else self._by_token
        return self._remembered(f"bearer {digest(token)}", lambda: find(token))

    def forget(self) -> None:
        """Look everybody up anew: somebody's rights have changed here."""
        with self._lock:
            self._known.clear()

    def check_password(self, name: str, password: str, address: str) -> User:
        """Who this is; raises WrongPassword or NotNow.

        One at a time, so that tries that come at once are all counted, and take the memory of one.
        """
        if not self._waiting.acquire(blocking=False):
            raise NotNow(503, "Too many people sign in at this moment. Try again in a few seconds.", 3)
        try:
            with self._checking:
                return self._check_password(normal_name(name[: 2 * MOST_CHARACTERS]), password, household(address))
        finally:
            self._waiting.release()

    def _check_password(self, name: str, password: str, address: str) -> User:
        user, stored = find_user(self._record, name) or (None, None)
        subject, since = self._unknown(name) if user is None else user.name, now_micros() - _TRIES_WITHIN
        if (
            audit.count(self._record, FAILED, since, address=address, subject=subject) >= _TRIES
            or audit.count(self._record, FAILED, since, address=address) >= _TRIES_OF_ADDRESS
        ):
            raise NotNow(429, "Too many wrong passwords. Try again in five minutes.", _TRIES_WITHIN // 1_000_000)
        right = is_right(password, stored)
        if user is None or not right or user.disabled:
            audit.append(self._record, "nobody" if user is None else user.name, FAILED, subject, address=address)
            raise WrongPassword
        if stored is not None and is_outdated(stored):
            keep_hash(self._record, user, hash_password(password))
        return user

    def _unknown(self, name: str) -> str:
        """What is written down of a name that nobody has: it may be a password, typed into the wrong field."""
        return f"(unknown name {hmac.digest(self._names, name.encode(errors='replace'), 'sha256').hex()[:8]})"

    def _person(self, session: Session | None) -> Identity | None:
        if session is None:
            return None
        if session.seen_at < now_micros() - _TOUCHED_EVERY:
            self._touch(lambda: self._sessions.touch(session.id))
        return Identity(
            session.name, session.role.value, OF_ROLE[session.role], user_id=session.user_id, session_id=session.id
        )

    def _by_token(self, token: str) -> Identity | None:
        session = self.tokens.session_of(token)
        return None if session is None else self._person(self._sessions.of_id(session))

    def _program(self, secret: str) -> Identity | None:
        key = key_of_secret(self._record, secret)
        if key is None:
            return None
        if (key.used_at or 0) < now_micros() - _TOUCHED_EVERY:
            self._touch(lambda: touch_key(self._record, key.id))
        return Identity(f"key {key.name}", "key", granted(key.scopes), view=key.view)

    @staticmethod
    def _touch(note: Callable[[], object]) -> None:
        try:
            note()
        except RecordFull:
            log.warning("the database is full: when a session or key was last used is not noted")

    def _remembered(self, name: str, find: Callable[[], Identity | None]) -> Identity | None:
        """What was found a moment ago, or is found now; that there is nobody is not remembered."""
        with self._lock:
            at, known = self._known.get(name, (float("-inf"), None))
        now = self._clock()
        if known is not None and now - at < REMEMBERED_SECONDS:
            return known
        found = find()
        with self._lock:
            self._known.pop(name, None)
            if found is not None:
                self._known[name] = (now, found)
                while len(self._known) > _MOST_REMEMBERED:
                    self._known.popitem(last=False)
        return found
