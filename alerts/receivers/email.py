"""A mail: text and HTML, by a mail server that takes mail for others."""

from __future__ import annotations

import hashlib
import re
import smtplib
import socket
import ssl
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, getaddresses
from typing import Any

from alerts.dispatch.receivers import EmailConfig
from alerts.receivers import http
from alerts.receivers.cut import Cut
from alerts.receivers.errors import SendError
from alerts.receivers.message import Message
from alerts.receivers.texts import Texts, plain_text, plain_title

#: From the connection to the server's last word.
TIMEOUT_SECONDS = 10.0
#: From this code on an answer holds for all times; below it a later try may succeed.
_FOR_GOOD = 500
_HERE = ("localhost", "127.0.0.1", "::1")
_SUBJECT = '{{ template "email.default.subject" . }}'
_TEXT = '{{ template "email.default.text" . }}'
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")
#: What the message itself says of its parts.
_OWN_HEADERS = re.compile(r"content-|mime-version$", re.IGNORECASE)


def send(settings: EmailConfig, message: Message, texts: Texts) -> None:
    """Mail it; raises SendError."""
    mail = built(settings, message, texts)
    to = _addresses("to", texts.fill("email_configs.to", settings.to))
    sender = _addresses("from", texts.fill("email_configs.from", settings.sender))[0]
    refused = hand_over(settings, mail, sender, message.only or to)
    texts.failures += filter(None, (message.refused, refused))


def built(settings: EmailConfig, message: Message, texts: Texts) -> EmailMessage:
    """The mail with all its headers."""
    data = texts.data
    mail = EmailMessage(policy=SMTP)
    headers = {"Subject": _SUBJECT, "To": settings.to, "From": settings.sender}
    own = {name.lower(): name for name in headers}
    headers |= {own.get(n.lower(), n): text for n, text in settings.headers.items() if not _OWN_HEADERS.match(n)}
    for name, text in headers.items():
        fallback = plain_title(data) if name == "Subject" else ""
        _put(mail, name, texts.fill(f"email_configs.headers.{name}", text, fallback))
    domain = re.sub(r"[^\w.-]", "", settings.sender.rpartition("@")[2], flags=re.ASCII) or "voicehive"
    thread = hashlib.sha256(f"{message.receiver}\0{message.group_key}".encode()).hexdigest()[:24]
    # The same mail has the same id when it is sent twice, and mails of a group belong together.
    ours = {
        "Message-ID": f"<{thread}.{message.at}@{domain}>",
        "In-Reply-To": f"<{thread}@{domain}>",
        "References": f"<{thread}@{domain}>",
        "Date": format_datetime(datetime.now(UTC)),
        "Auto-Submitted": "auto-generated",
    }
    for name, text in ours.items():
        if name not in mail:
            mail[name] = text
    mail.set_content(texts.fill("email_configs.text", settings.text or _TEXT, plain_text(data)))
    if settings.html and (html := texts.fill("email_configs.html", settings.html, escaped=True)):
        mail.add_alternative(html, subtype="html")
    return mail


def _put(mail: EmailMessage, name: str, text: str) -> None:
    # What is filled in may hold anything: a line's end would begin another header.
    try:
        mail[name] = _CONTROL.sub(" ", text).strip()
    except (ValueError, IndexError, AttributeError) as error:
        raise SendError(f"the header {name} can't be written: {error}", retryable=False) from None


def _addresses(name: str, text: str) -> list[str]:
    found = [address for _, address in getaddresses([_CONTROL.sub(" ", text)])]
    if not found or not all(re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", each) for each in found):
        raise SendError(f"{name}: {text[:200]!r} is no mail address", retryable=False)
    return found


def hand_over(settings: EmailConfig, mail: EmailMessage, sender: str, to: Sequence[str]) -> str:
    """Give a mail to the server of the settings; which of its recipients were refused for good, empty if none was.

    Raises SendError; its `left` are those who were refused for now while others got it.
    """
    host, _, port = settings.smarthost.rpartition(":")
    with Cut(TIMEOUT_SECONDS) as cut:
        try:
            client = _Client(settings, cut)
            try:
                client.connect(host.strip("[]"), int(port))
                _prepare(client, settings, host, cut)
                refused = client.send_message(mail, sender, list(to))
            finally:
                client.close()
        except smtplib.SMTPRecipientsRefused as error:
            raise _refused(error.recipients) from None
        except smtplib.SMTPResponseException as error:
            raise _failed(error.smtp_code, error.smtp_error) from None
        except (smtplib.SMTPNotSupportedError, UnicodeError) as error:
            raise SendError(str(error), retryable=False) from None
        except (smtplib.SMTPException, OSError) as error:
            late = cut.done or isinstance(error, TimeoutError)
            reason = f"no answer within {TIMEOUT_SECONDS:g} s" if late else str(error) or type(error).__name__
            raise SendError(f"{settings.smarthost}: {reason}", retryable=True) from None
    later = [address for address, (code, _) in refused.items() if code < _FOR_GOOD]
    never = _told({address: said for address, said in refused.items() if address not in later})
    if later:
        raise SendError(_told(refused), retryable=True, left={"only": later, "refused": never})
    return never


def _told(refused: Mapping[str, tuple[int, Any]]) -> str:
    said = [f"{address} ({code} {_text(text)})" for address, (code, text) in refused.items()]
    return f"refused for {', '.join(said)}" if said else ""


class _Client(smtplib.SMTP):
    """Tells of its socket before the first word is said on it."""

    def __init__(self, settings: EmailConfig, cut: Cut) -> None:
        super().__init__(local_hostname=_CONTROL.sub("", settings.hello) or "localhost", timeout=TIMEOUT_SECONDS)
        self._settings, self._cut = settings, cut

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        # Its certificate has to be of this name; smtplib knows it only if it connects while it is made.
        self._host = host
        connection = socket.create_connection((host, port), timeout)
        self._cut.watch(connection)
        if self._settings.encrypted_from_the_start:
            connection = http.tls(self._settings.tls_config).wrap_socket(
                connection, server_hostname=host, do_handshake_on_connect=False
            )
            self._cut.watch(connection)
            connection.do_handshake()
        return connection


def _prepare(client: smtplib.SMTP, settings: EmailConfig, host: str, cut: Cut) -> None:
    """Encrypt and sign in, as the settings ask."""
    client.ehlo_or_helo_if_needed()
    if settings.require_tls and not settings.encrypted_from_the_start:
        if not client.has_extn("starttls"):
            raise smtplib.SMTPNotSupportedError(f"{settings.smarthost} offers no STARTTLS, and require_tls asks for it")
        client.starttls(context=http.tls(settings.tls_config))
        cut.watch(client.sock)  # type: ignore[arg-type]
        client.ehlo()
    password = ""
    if settings.auth_password or settings.auth_password_file:
        password = http.secret(settings.auth_password, settings.auth_password_file)
    if not settings.auth_username or not password:
        return
    if not isinstance(client.sock, ssl.SSLSocket) and host.strip("[]") not in _HERE:
        raise smtplib.SMTPNotSupportedError(f"{settings.smarthost}: the password would be sent without encryption")
    client.login(settings.auth_username, password)


def _refused(recipients: Mapping[str, tuple[int, Any]]) -> SendError:
    said = "; ".join(f"{address}: {code} {_text(text)}" for address, (code, text) in recipients.items())
    return SendError(said, retryable=any(code < _FOR_GOOD for code, _ in recipients.values()))


def _failed(code: int, said: Any) -> SendError:
    # Below 400 is no answer of the protocol: the connection broke.
    return SendError(f"{code} {_text(said)}", retryable=code < _FOR_GOOD)


def _text(said: Any) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
