"""Requests to addresses that people type into pages: to the wide world only, never into the network this server is in.

What settings and files name is the operator's own word and needs none of this. A name is looked up once and the address
that was looked at is the one connected to, for each redirect anew, so neither a redirect nor a name that changes its
address in between (DNS rebinding) leads inside.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Collection, Iterable
from typing import Any

import httpcore
import httpx

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: IPv6 addresses that carry an IPv4 address, which is what counts: NAT64 and 6to4 (RFC 6052, RFC 3056).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class NotAllowed(httpx.ConnectError):
    """The address is not of the wide world, and OUTBOUND_ALLOW does not name it."""


def client(allowed: Collection[Network], *, seconds: float) -> httpx.Client:
    """A client that connects to public addresses and to the `allowed` networks, by no proxy of the environment."""
    return httpx.Client(transport=_Transport(allowed), trust_env=False, timeout=seconds, follow_redirects=False)


def is_public(address: Address) -> bool:
    """Whether an address is one of the internet's, and not one of this machine, its network or its cloud."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


class _Transport(httpx.HTTPTransport):
    def __init__(self, allowed: Collection[Network]) -> None:
        super().__init__()
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(), network_backend=_Backend(allowed), max_connections=10
        )


class _Backend(httpcore.SyncBackend):
    """Looks a host up, looks at the addresses, connects to one that is allowed."""

    def __init__(self, allowed: Collection[Network]) -> None:
        self._allowed = allowed

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(f"{host} can't be looked up: {error}") from None
        addresses = [ipaddress.ip_address(str(address[0]).partition("%")[0]) for *_, address in found]
        good = [each for each in addresses if is_public(each) or any(each in network for network in self._allowed)]
        if not good:
            raise NotAllowed(f"{host} is in a private network; OUTBOUND_ALLOW can name it")
        return super().connect_tcp(str(good[0]), port, timeout, local_address, socket_options)

    def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        raise httpcore.ConnectError("sockets of this machine are not the wide world")
