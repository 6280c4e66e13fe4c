"""Passwords: Argon2id, of which a check takes 32 MB and less than a tenth of a second."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

#: More than the least that OWASP asks for (19 MiB, 2 passes); a sign-in has 150 ms.
_HASHER = PasswordHasher(time_cost=2, memory_cost=32 * 1024, parallelism=1)
LEAST, MOST = 10, 200
#: Of a password nobody has: whether there is such a user must not be seen by how long the answer takes.
NOBODY = "$argon2id$v=19$m=32768,t=2,p=1$YOI+d4tjCgWHyqLFPMva7g$vOmM9nJ+jB6HYbW5K9WcM/peYNzXXGkgzyiUmFpHIMY"


class BadPassword(ValueError):
    """Not to be used as a password; the message says why."""


def hash_password(password: str) -> str:
    """What is stored of it; raises BadPassword."""
    if not LEAST <= len(password) <= MOST:
        raise BadPassword(f"a password has {LEAST} to {MOST} characters")
    if len(set(password)) < 5:
        raise BadPassword("this password is too easy to guess")
    return _HASHER.hash(password)


def is_right(password: str, stored: str | None) -> bool:
    """Whether this is the password that was stored; takes as long where none was."""
    try:
        _HASHER.verify(stored or NOBODY, password[: MOST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Whether it was hashed with other parameters than today's."""
    return _HASHER.check_needs_rehash(stored)
