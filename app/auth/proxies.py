"""Whose request it is and whether it came by https, where a proxy stands before the program.

Anybody can write X-Forwarded-For; it is believed only of the addresses in TRUSTED_PROXIES.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class TrustedProxies:
    """Puts what trusted proxies say in the place of what the connection says."""

    def __init__(self, app: WSGIApplication, trusted: Sequence[Network]) -> None:
        self._app = app
        self._trusted = trusted

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI."""
        chain = environ.pop("HTTP_X_FORWARDED_FOR", "")
        scheme = environ.pop("HTTP_X_FORWARDED_PROTO", "")
        host = environ.pop("HTTP_X_FORWARDED_HOST", "")
        peer = environ.get("REMOTE_ADDR", "")
        if self._trusted and self._is_trusted(peer):
            environ["REMOTE_ADDR"] = self._client(peer, chain)
            if scheme in ("http", "https"):
                environ["wsgi.url_scheme"] = scheme
            # Beside Host, not in its place: only who signs the address that it called needs it.
            environ["voicehive.forwarded_host"] = host.partition(",")[0].strip()
        return self._app(environ, start_response)

    def _client(self, peer: str, chain: str) -> str:
        """The nearest address that is no trusted proxy: what stands before it was written by strangers."""
        client = peer
        for text in reversed([part.strip() for part in chain.split(",") if part.strip()]):
            address = _address(text)
            if address is None:
                break
            client = str(address)
            if not self._is_trusted(client):
                break
        return client

    def _is_trusted(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in network for network in self._trusted)


def _address(text: str) -> Any:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
