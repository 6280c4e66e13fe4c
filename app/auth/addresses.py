"""Whose an address is, where tries are counted."""

from __future__ import annotations

import ipaddress


def household(address: str) -> str:
    """Of IPv6 the network of 64 bits: one machine has all its addresses to choose from. Anything else as it is."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return address
    return str(found.ipv4_mapped or ipaddress.ip_network((int(found), 64), strict=False))
