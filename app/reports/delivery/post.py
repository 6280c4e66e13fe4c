"""By mail."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from pydantic import SecretStr

from alerts.dispatch.mailserver import mail_server
from alerts.dispatch.receivers import EmailConfig
from alerts.receivers.email import hand_over
from app.reports.delivery import Parcel


def send(parcel: Parcel, url: SecretStr) -> str:
    """Hand the message over; which recipients were refused, if some were taken. Raises SendError."""
    server: dict[str, Any] = mail_server(url.get_secret_value())
    sender = server.pop("smtp_from", "voicehive@localhost")
    names = {name.removeprefix("smtp_"): value for name, value in server.items()}
    settings = EmailConfig(
        to=", ".join(parcel.recipients),
        smarthost=names["smarthost"],
        auth_username=names["auth_username"],
        auth_password=names["auth_password"],
        require_tls=names["require_tls"],
        force_implicit_tls=names["force_implicit_tls"],
        **{"from": sender},
    )
    # With this policy the parser makes an EmailMessage.
    message: Any = message_from_bytes(parcel.message, policy=SMTP)
    assert isinstance(message, EmailMessage)
    message["From"] = sender
    message["To"] = ", ".join(parcel.recipients)
    return hand_over(settings, message, sender, parcel.only or parcel.recipients)
