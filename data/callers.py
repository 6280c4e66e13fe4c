"""Caller numbers are never stored: a keyed hash tells repeat callers, two digits help to recognise one."""

from __future__ import annotations

import hashlib
from functools import lru_cache


class CallerHash:
    """Turns a caller's number into (hash, last two digits) with a secret key; the same number gives the same hash."""

    def __init__(self, key: bytes) -> None:
        # BLAKE2 takes keys of up to 64 bytes; its keyed mode is a MAC, several times faster than HMAC.
        self._key = hashlib.sha256(key).digest()
        self._cached = lru_cache(maxsize=50_000)(self._hash)

    def __call__(self, number: str) -> tuple[str, str]:
        return self._cached(number)

    def _hash(self, number: str) -> tuple[str, str]:
        digits = number if number.isdecimal() else "".join(ch for ch in number if ch.isdecimal())
        # "+49 30 123" and "004930123" are told apart: guessing prefixes would join strangers.
        identity = digits or number.strip().lower()
        digest = hashlib.blake2b(identity.encode(), key=self._key, digest_size=16)
        return digest.hexdigest(), (digits or number.strip())[-2:]
