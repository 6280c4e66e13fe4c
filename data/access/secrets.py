"""Secrets that are drawn here, not chosen by people: only their digests are stored.

They are long enough that a plain hash can't be turned back.
"""

from __future__ import annotations

import hashlib
import secrets


def draw(prefix: str = "") -> str:
    """A new secret of 256 random bits, URL-safe."""
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is stored of it (hex)."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
