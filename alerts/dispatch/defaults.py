"""Receivers by a few settings, for teams that do not touch the file: they complete what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from alerts.dispatch.config import Config, RouteConfig
from alerts.dispatch.mailserver import mail_server
from alerts.dispatch.receivers import EmailConfig, Receiver, WebhookConfig

#: The receiver of the file whose mails go to ALERT_EMAIL_TO.
MAILBOX = "email"
#: The receiver that ALERT_WEBHOOK_URL makes.
HOOK = "webhook"


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the settings say; None = nothing."""

    slack_webhook_url: SecretStr | None = None
    smtp_url: SecretStr | None = None
    email_to: str | None = None
    webhook_url: SecretStr | None = None

    def applied(self, config: Config) -> Config:
        """The configuration with them: Slack's address and the mail server for who names none of their own, the mailbox
        of the receiver `email`, and a receiver that is told everything beside what the routes say."""
        common: dict[str, Any] = {}
        if self.slack_webhook_url is not None:
            common |= {"slack_api_url": self.slack_webhook_url, "slack_api_url_file": ""}
        if self.smtp_url is not None:
            common |= mail_server(self.smtp_url.get_secret_value())
        changed: dict[str, Any] = {"common": config.common.model_copy(update=common)}
        receivers, route = list(config.receivers), config.route
        if self.email_to:
            receivers = [_addressed(each, self.email_to) for each in receivers]
        if self.webhook_url is not None:
            name = HOOK
            while any(each.name == name for each in receivers):
                name += "-"
            receivers.append(Receiver(name=name, webhook_configs=[WebhookConfig(url=self.webhook_url)]))
            # The file's own tree stays as it is, one level down.
            both = [RouteConfig.model_validate({"receiver": name, "continue": True}), route]
            route = route.model_copy(update={"routes": both})
        return config.model_copy(update=changed | {"receivers": receivers, "route": route})


def _addressed(receiver: Receiver, to: str) -> Receiver:
    if receiver.name != MAILBOX:
        return receiver
    mails = [each.model_copy(update={"to": to}) for each in receiver.email_configs] or [EmailConfig(to=to)]
    return receiver.model_copy(update={"email_configs": mails})
