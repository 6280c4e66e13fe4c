"""The exporter's door, where others than this machine can reach it: a key with scope `scrape`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from app.auth.access import Access
from app.auth.permissions import Need
from app.program import PROGRAM
from data.record import RecordUnavailable

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class ScrapeDoor:
    """Hands on what shows a key; everybody else learns how to."""

    def __init__(self, app: WSGIApplication, access: Access) -> None:
        self._app = app
        self._access = access

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI."""
        kind, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        try:
            who = self._access.by_bearer(token.strip()) if kind.lower() == "bearer" else None
        except RecordUnavailable:
            start_response("503 Service Unavailable", [("Content-Type", "text/plain"), ("Retry-After", "2")])
            return [b"The call record does not answer, so no key can be checked.\n"]
        if who is not None and who.may(Need.SCRAPE):
            return self._app(environ, start_response)
        status = "401 Unauthorized" if who is None else "403 Forbidden"
        start_response(status, [("Content-Type", "text/plain"), ("WWW-Authenticate", "Bearer")])
        return [
            f"Send a key with scope scrape as a bearer token: {PROGRAM} apikey create NAME --scope scrape\n".encode()
        ]
