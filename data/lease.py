"""A lease: of several instances on one database only its holder does what must not be done twice.

It is a row that is taken by a conditional UPDATE and holds for `seconds`. A holder that stops gives it back; one that
dies loses it when they are over. The database's clock counts, so the instances' own clocks may differ.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from sqlalchemy import BigInteger, Connection, cast, func, insert, literal, or_, update
from sqlalchemy.exc import IntegrityError

from data.models import leases
from data.record import Record, RecordFull, RecordUnavailable

log = logging.getLogger(__name__)


class LeaseLost(RuntimeError):
    """Another instance has taken over."""


class Lease:
    """A claim to one name. holder: unlike for each instance, and the same again after its restart."""

    def __init__(self, record: Record, name: str, holder: str, seconds: float = 20.0) -> None:
        self.name, self.holder = name, holder
        self._record, self._seconds = record, seconds
        self._until = 0.0
        #: Whether another instance held it when the database was asked last. Unlike `held` it stays as it is while the
        #: database is away.
        self.elsewhere = True
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"lease-{name}", daemon=True)

    @property
    def held(self) -> bool:
        """Whether this instance may act; asks nobody."""
        return time.monotonic() < self._until

    def start(self) -> None:
        """Try to take it, and keep it or keep trying in a thread."""
        self._try()
        self._thread.start()

    def stop(self) -> None:
        """Give it back, for another instance to go on at once."""
        self._stopping.set()
        self._thread.join(timeout=2)
        was_held, self._until, self.elsewhere = self.held, 0.0, True
        if was_held:
            try:
                with self._record.write() as connection:
                    connection.execute(update(leases).where(self._mine()).values(expires_at=0))
            except (RecordUnavailable, RecordFull) as error:
                log.warning("the lease %s could not be given back: %s", self.name, error)

    def renew(self) -> bool:
        """Take or prolong it; whether it is held now. Raises RecordUnavailable, RecordFull."""
        asked_at = time.monotonic()
        with self._record.write() as connection:
            now = _now(connection)
            free = or_(leases.c.holder == self.holder, leases.c.expires_at <= now)
            values = {"holder": self.holder, "expires_at": now + int(self._seconds * 1000)}
            taken = connection.execute(update(leases).where(leases.c.name == self.name, free).values(values)).rowcount
        if not taken:
            taken = self._make()
        # Counted from before the question: it never lasts longer here than in the database.
        self._until = asked_at + self._seconds if taken else 0.0
        self.elsewhere = not taken
        return bool(taken)

    def confirm(self, connection: Connection) -> None:
        """Keep others from taking over until this transaction ends; LeaseLost if one has."""
        same = update(leases).where(self._mine(), leases.c.expires_at > _now(connection)).values(holder=self.holder)
        if not connection.execute(same).rowcount:
            self._until, self.elsewhere = 0.0, True
            raise LeaseLost(f"another instance holds the lease {self.name}")

    def _mine(self) -> Any:
        return (leases.c.name == self.name) & (leases.c.holder == self.holder)

    def _make(self) -> int:
        """The row of a name that nobody has asked for yet; 0 where there is one."""
        try:
            with self._record.write() as connection:
                expires_at = _now(connection) + int(self._seconds * 1000)
                row = {"name": self.name, "holder": self.holder, "expires_at": expires_at}
                return connection.execute(insert(leases).values(row)).rowcount
        except IntegrityError:
            return 0

    def _run(self) -> None:
        while not self._stopping.wait(self._seconds / 4):
            self._try()

    def _try(self) -> None:
        before = self.held
        try:
            self.renew()
        except (RecordUnavailable, RecordFull) as error:
            log.warning("the lease %s could not be renewed: %s", self.name, error)
        if self.held != before:
            log.info("this instance %s the lease %s", "holds" if self.held else "does not hold", self.name)


def _now(connection: Connection) -> Any:
    """Milliseconds since 1970 by the clock that all instances share."""
    if connection.dialect.name == "sqlite":
        return literal(int(time.time() * 1000), BigInteger)
    return cast(func.extract("epoch", func.clock_timestamp()) * 1000, BigInteger)
