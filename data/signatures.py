"""Signatures that were used once are not taken again, by any instance and after a restart."""

from __future__ import annotations

import hashlib

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from data.models import used_signatures
from data.record import Record
from data.times import DAY

#: For how long they are remembered; those that carry a time are too old much sooner.
REMEMBERED = DAY


def digest_of(platform: str, signature: str) -> str:
    """What is remembered of a signature."""
    return hashlib.sha256(f"{platform} {signature}".encode()).hexdigest()


def is_used(record: Record, digest: str) -> bool:
    """Whether it was used."""
    with record.read() as connection:
        query = select(used_signatures.c.at).where(used_signatures.c.digest == digest)
        return connection.execute(query).first() is not None


def note_used(record: Record, digest: str, now: int) -> None:
    """Remember it (`now` in UTC microseconds), and forget old ones."""
    try:
        with record.write() as connection:
            connection.execute(delete(used_signatures).where(used_signatures.c.at < now - REMEMBERED))
            connection.execute(insert(used_signatures).values(digest=digest, at=now))
    except IntegrityError:
        return  # the same message came twice at the same moment, and was stored once
