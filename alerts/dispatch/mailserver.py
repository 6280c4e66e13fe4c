"""A mail server in one line: smtp://user:password@host:port."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import SecretStr

_HERE = ("localhost", "127.0.0.1", "::1")


def mail_server(url: str) -> dict[str, Any]:
    """The global settings that smtp://user:password@host:port?from=address stands for; ValueError with the remedy.

    smtps is encrypted from the start (port 465); with smtp a password is only told to a server that encrypts, or to one
    on this machine. Mail comes from `from`, else from the user where that is an address.
    """
    parts = urlsplit(url)
    try:
        port = parts.port or {"smtp": 25, "smtps": 465}[parts.scheme]
    except (ValueError, KeyError):
        raise ValueError("must be smtp://user:password@host:port, or smtps://") from None
    if not parts.hostname:
        raise ValueError("names no host; write it like smtp://user:password@mail.example.org:587")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    sender = parse_qs(parts.query).get("from", [user])[0]
    found: dict[str, Any] = {
        "smtp_smarthost": f"{host}:{port}",
        "smtp_auth_username": user,
        "smtp_auth_password": SecretStr(password) if password else None,
        "smtp_auth_password_file": "",
        "smtp_require_tls": bool(password) and parts.hostname not in _HERE,
        "smtp_force_implicit_tls": parts.scheme == "smtps",
    }
    return found | ({"smtp_from": sender} if "@" in sender else {})
