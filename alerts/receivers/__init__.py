"""Sends notifications: one way of reaching somebody a file."""

from __future__ import annotations

import re
from pathlib import Path

from alerts.dispatch.integrations import Integration
from alerts.dispatch.receivers import EmailConfig, SlackConfig, WebhookConfig
from alerts.receivers import email, slack, webhook
from alerts.receivers.errors import SendError
from alerts.receivers.message import Message
from alerts.receivers.texts import Texts
from alerts.templates import NotificationTemplates

__all__ = ["Message", "SendError", "tell", "unready"]


def tell(integration: Integration, message: Message, made: NotificationTemplates, external_url: str) -> str:
    """Send a message; what went wrong all the same, such as a template. Raises SendError."""
    texts = Texts(made, message.data(external_url))
    match integration.settings:
        case WebhookConfig() as settings:
            webhook.send(settings, message, external_url)
        case SlackConfig() as settings:
            slack.send(settings, message, texts)
        case EmailConfig() as settings:
            email.send(settings, message, texts)
    return texts.note


def unready(integration: Integration) -> str:
    """Why an integration can't reach anybody for want of a secret; empty if nothing is known to be missing."""
    match integration.settings:
        case WebhookConfig(url=None, url_file=path) if _empty(path):
            return f"no address in {path}"
        case SlackConfig(api_url=None, api_url_file=path) if _empty(path):
            return f"no address in {path}"
        case EmailConfig(auth_password=None, auth_password_file=path) if path and _empty(path):
            return f"no password in {path}"
        case EmailConfig(to=to) if _NOBODY.search(to):
            return f"{to} is the address of an example"
    return integration.missing()


#: Names that are kept for examples (RFC 2606): nobody can be reached there.
_NOBODY = re.compile(r"[@.](example(\.(com|net|org))?|invalid)\b")


def _empty(path: str) -> bool:
    try:
        return not Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return True
