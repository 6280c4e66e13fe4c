"""The ways in which receivers are told, completed by what the file says for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Self

from pydantic import SecretStr, model_validator

from alerts.config import Duration
from alerts.dispatch.receivers import (
    EmailConfig,
    HostPort,
    HTTPConfig,
    Receiver,
    Settings,
    SlackConfig,
    Url,
    WebhookConfig,
    not_both,
)
from alerts.dispatch.section import Section


class Global(Section):
    """What receivers leave out; `resolve_timeout` in milliseconds."""

    resolve_timeout: Duration = 300_000
    http_config: HTTPConfig = HTTPConfig()
    slack_api_url: Url | None = None
    slack_api_url_file: str = ""
    smtp_from: str = ""
    smtp_hello: str = "localhost"
    smtp_smarthost: HostPort = ""
    smtp_auth_username: str = ""
    smtp_auth_password: SecretStr | None = None
    smtp_auth_password_file: str = ""
    smtp_require_tls: bool = True
    smtp_force_implicit_tls: bool | None = None

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        not_both(self, "slack_api_url", "slack_api_url_file")
        not_both(self, "smtp_auth_password", "smtp_auth_password_file")
        return self


@dataclass(frozen=True, slots=True)
class Integration:
    """One way in which a receiver is told, with settings that are whole. `key` names it in the log of notifications."""

    receiver: str
    kind: Literal["slack", "email", "webhook"]
    index: int
    settings: Settings

    @property
    def key(self) -> str:
        """Unlike for every integration of a file."""
        return f"{self.receiver}/{self.kind}/{self.index}"

    def missing(self) -> str:
        """What its settings lack to reach anybody; empty if nothing."""
        match self.settings:
            case SlackConfig(api_url=None, api_url_file=""):
                return "no address: give api_url, api_url_file, or slack_api_url in the global part"
            case EmailConfig(smarthost=""):
                return "no mail server: give smarthost, or smtp_smarthost in the global part"
            case EmailConfig(sender=""):
                return "no sender: give from, or smtp_from in the global part"
        return ""


def integrations(receiver: Receiver, common: Global) -> list[Integration]:
    """The ways in which a receiver is told, completed from the `global` part."""
    hooks = [_whole_webhook(each, common) for each in receiver.webhook_configs]
    mails = [_whole_email(each, common) for each in receiver.email_configs]
    slacks = [_whole_slack(each, common) for each in receiver.slack_configs]
    return [
        *(Integration(receiver.name, "webhook", index, each) for index, each in enumerate(hooks)),
        *(Integration(receiver.name, "email", index, each) for index, each in enumerate(mails)),
        *(Integration(receiver.name, "slack", index, each) for index, each in enumerate(slacks)),
    ]


def _whole_webhook(hook: WebhookConfig, common: Global) -> WebhookConfig:
    return hook.model_copy(update={"http_config": hook.http_config or common.http_config})


def _whole_slack(slack: SlackConfig, common: Global) -> SlackConfig:
    missing: dict[str, Any] = {"http_config": slack.http_config or common.http_config}
    if not slack.api_url and not slack.api_url_file:
        missing |= {"api_url": common.slack_api_url, "api_url_file": common.slack_api_url_file}
    return slack.model_copy(update=missing)


def _whole_email(mail: EmailConfig, common: Global) -> EmailConfig:
    missing: dict[str, Any] = {
        "smarthost": mail.smarthost or common.smtp_smarthost,
        "sender": mail.sender or common.smtp_from,
        "hello": mail.hello or common.smtp_hello,
        "auth_username": mail.auth_username or common.smtp_auth_username,
        "require_tls": common.smtp_require_tls if mail.require_tls is None else mail.require_tls,
        "force_implicit_tls": mail.force_implicit_tls
        if mail.force_implicit_tls is not None
        else common.smtp_force_implicit_tls,
    }
    if not mail.auth_password and not mail.auth_password_file:
        missing |= {
            "auth_password": common.smtp_auth_password,
            "auth_password_file": common.smtp_auth_password_file,
        }
    return mail.model_copy(update=missing)
