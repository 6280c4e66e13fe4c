"""Access tokens (JWT) of programs that sign in with name and password: short-lived, each of a session in the record.

What makes and reads them is imported by the first one: 8 MB, and most programs show a key.
"""

from __future__ import annotations

import hmac
import secrets
import time

SECONDS = 600
_ALGORITHM, _NAME = "HS256", "voicehive"
_CLAIMS = ["exp", "iat", "aud", "iss", "sub", "sid", "jti"]


class Tokens:
    """Makes and reads access tokens, with a key that is derived from the program's secret."""

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, b"voicehive access tokens", "sha256")

    def make(self, user_id: int, session_id: str) -> str:
        """A token for a session."""
        import jwt

        now = int(time.time())
        claims = {"iss": _NAME, "aud": _NAME, "sub": str(user_id), "sid": session_id, "iat": now, "exp": now + SECONDS}
        return jwt.encode(claims | {"jti": secrets.token_hex(16)}, self._key, algorithm=_ALGORITHM)

    def session_of(self, token: str) -> str | None:
        """The id of the session; None where the token is not ours, not whole, or too old."""
        import jwt

        try:
            # A header says how to check a token only where keys are many: ours has no say in it.
            if set(jwt.get_unverified_header(token)) - {"alg", "typ"}:
                return None
            claims = jwt.decode(
                token, self._key, algorithms=[_ALGORITHM], audience=_NAME, issuer=_NAME, options={"require": _CLAIMS}
            )
        except jwt.InvalidTokenError:
            return None
        return str(claims["sid"])
