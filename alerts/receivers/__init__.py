"""Sends notifications: one way of reaching somebody a file."""

from __future__ import annotations

import re
from pathlib import Path

from alerts.dispatch.integrations import Integration
from alerts.dispatch.receivers import EmailConfig, SlackConfig, WebhookConfig
from alerts.receivers import webhook
from alerts.receivers.errors import SendError
from alerts.receivers.message import Message

__all__ = ["Message", "SendError", "tell", "unready"]


def tell(integration: Integration, message: Message, external_url: str) -> None:
    """Send a message; raises SendError."""
    match integration.settings:
        case WebhookConfig():
            webhook.send(integration.settings, message, external_url)
        case SlackConfig() | EmailConfig():
            raise SendError("not built yet", retryable=False)


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
