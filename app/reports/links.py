"""Links to the files of a run: signed, good for a week, and for this one file only."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from urllib.parse import quote

from itsdangerous import BadData, URLSafeTimedSerializer

GOOD_SECONDS = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Links:
    """Makes and reads them; `secret` is the app's, `address` where people reach it."""

    secret: bytes
    address: str

    def made(self, run_id: int, name: str) -> str:
        """The address of a file for whoever has the link."""
        token = self._signer().dumps([run_id, name])
        return f"{self.address}/api/reports/files/{quote(str(token), safe='')}"

    def read(self, token: str) -> tuple[int, str] | None:
        """Run and name of the file; None for a link that is not ours, or too old."""
        try:
            run_id, name = self._signer().loads(token, max_age=GOOD_SECONDS)
        except (BadData, ValueError, TypeError):
            return None
        return int(run_id), str(name)

    def _signer(self) -> URLSafeTimedSerializer:
        # The salt makes it good for nothing else that is signed with this key.
        return URLSafeTimedSerializer(
            self.secret, salt="report-file", signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256}
        )
