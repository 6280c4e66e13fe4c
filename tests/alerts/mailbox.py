"""A mail server: its answers are scripted, what it took can be looked at."""

from __future__ import annotations

import asyncio
import datetime
import email
import ipaddress
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.servers import free_port, wait_until

USER, PASSWORD = "voicehive", "a pass word"


@dataclass
class Mailbox:
    """answers: to each recipient's line in turn, such as "451 later"; then all are taken. hang: seconds before that."""

    port: int
    ca: Path | None = None
    answers: list[str] = field(default_factory=list)
    hang: float = 0.0
    mails: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    signed_in: list[bytes | None] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    asked_at: list[float] = field(default_factory=list)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        self.asked_at.append(time.time())
        await asyncio.sleep(self.hang)
        if self.answers:
            return self.answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.raw.append(envelope.content)
        message = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.mails.append(message)
        self.recipients.append(list(envelope.rcpt_tos))
        self.signed_in.append(session.auth_data.login if session.auth_data else None)
        self.encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
        return "250 OK"

    def wait_for(self, count: int) -> list[EmailMessage]:
        wait_until(lambda: len(self.mails) >= count, f"{count} mails")
        return self.mails


@contextmanager
def mailbox(folder: Path | None = None, *, implicit: bool = False) -> Iterator[Mailbox]:
    """With a folder, for its certificate, it encrypts and asks for a password."""
    box = Mailbox(free_port())
    options: dict[str, Any] = {}
    if folder is not None:
        box.ca, context = certificate(folder)
        options = {"ssl_context": context} if implicit else {"tls_context": context, "require_starttls": True}
        options |= {"authenticator": _authenticate, "auth_required": True, "auth_require_tls": not implicit}
    controller = Controller(box, hostname="127.0.0.1", port=box.port, ready_timeout=10, **options)
    controller.start()
    yield box
    box.hang = 0
    controller.stop()


def _authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=False, auth_data=data)


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate of 127.0.0.1 that signs itself: its file, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert, private = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, private)
    return cert, context
