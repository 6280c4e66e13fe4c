"""Caller numbers are never stored: a keyed hash tells repeat callers, two digits help to recognise one."""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache


class CallerHash:
    """Turns a caller's number into (hash, last two digits) with a secret key; the same number gives the same hash."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._cached = lru_cache(maxsize=50_000)(self._hash)

    def __call__(self, number: str) -> tuple[str, str]:
        return self._cached(number)

    def _hash(self, number: str) -> tuple[str, str]:
        digits = "".join(ch for ch in number if ch.isdigit())
        # "+49 30 123" and "004930123" are told apart: guessing prefixes would join strangers.
        identity = digits or number.strip().lower()
        digest = hmac.new(self._key, identity.encode(), hashlib.sha256).hexdigest()
        return digest[:32], (digits or number.strip())[-2:]
