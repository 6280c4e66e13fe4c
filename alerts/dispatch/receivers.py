"""How a receiver is reached: the settings of Slack, email and webhooks in Alertmanager's file.

What stands nowhere else is taken from the `global` part (alerts/dispatch/config.py).
"""

from __future__ import annotations

from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from alerts.config import Duration, Texts
from alerts.dispatch.section import Section


def _url(url: SecretStr) -> SecretStr:
    parts = urlsplit(url.get_secret_value())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("not an address that begins with http:// or https:// and a host")
    return url


#: An address that may hold a secret: it is shown nowhere.
Url = Annotated[SecretStr, AfterValidator(_url)]


def _host_port(text: str) -> str:
    host, _, port = text.rpartition(":")
    if text and (not port.isdecimal() or (":" in host and not (host.startswith("[") and host.endswith("]")))):
        raise ValueError(f"not a host and a port: {text[:80]!r} (write it like mail.example.org:587)")
    return text


#: host:port; empty if it is not given.
HostPort = Annotated[str, AfterValidator(_host_port)]


def not_both(section: Any, *names: str) -> None:
    """ValueError if more than one of these fields is given."""
    given = [name for name in names if getattr(section, name)]
    if len(given) > 1:
        raise ValueError(f"only one of {' and '.join(given)} may be given")


class TLSConfig(Section):
    """How a server proves who it is, and we to it."""

    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    insecure_skip_verify: bool = False

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if bool(self.cert_file) != bool(self.key_file):
            raise ValueError("cert_file and key_file belong together")
        return self


class BasicAuth(Section):
    """User name and password."""

    username: str = ""
    password: SecretStr | None = None
    password_file: str = ""

    @model_validator(mode="after")
    def _one_password(self) -> Self:
        not_both(self, "password", "password_file")
        return self


class Authorization(Section):
    """The Authorization header."""

    type: str = "Bearer"
    credentials: SecretStr | None = None
    credentials_file: str = ""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        not_both(self, "credentials", "credentials_file")
        if self.type.strip().lower() == "basic":
            raise ValueError("for the type basic use basic_auth")
        return self


class HTTPConfig(Section):
    """How a receiver is spoken to over HTTP."""

    basic_auth: BasicAuth | None = None
    authorization: Authorization | None = None
    tls_config: TLSConfig = TLSConfig()
    proxy_url: Url | None = None
    follow_redirects: bool = True

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        not_both(self, "basic_auth", "authorization")
        return self


class SlackField(Section):
    """A field of a Slack message."""

    title: Annotated[str, Field(min_length=1)]
    value: Annotated[str, Field(min_length=1)]
    short: bool | None = None


class SlackConfirmation(Section):
    """What Slack asks before an action."""

    text: Annotated[str, Field(min_length=1)]
    title: str = ""
    ok_text: str = ""
    dismiss_text: str = ""


class SlackAction(Section):
    """A button of a Slack message."""

    type: Annotated[str, Field(min_length=1)]
    text: Annotated[str, Field(min_length=1)]
    url: str = ""
    style: str = ""
    name: str = ""
    value: str = ""
    confirm: SlackConfirmation | None = None

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if not self.url and not self.name:
            raise ValueError("an action has a name or a url")
        return self


class SlackConfig(Section):
    """A message by an incoming webhook of Slack; texts are templates."""

    send_resolved: bool = False
    http_config: HTTPConfig | None = None
    api_url: Url | None = None
    api_url_file: str = ""
    channel: str = ""
    username: str = '{{ template "slack.default.username" . }}'
    color: str = '{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}'
    title: str = '{{ template "slack.default.title" . }}'
    title_link: str = '{{ template "slack.default.titlelink" . }}'
    pretext: str = '{{ template "slack.default.pretext" . }}'
    text: str = '{{ template "slack.default.text" . }}'
    fields: list[SlackField] = Field(default_factory=list)
    short_fields: bool = False
    footer: str = '{{ template "slack.default.footer" . }}'
    fallback: str = '{{ template "slack.default.fallback" . }}'
    callback_id: str = '{{ template "slack.default.callbackid" . }}'
    icon_emoji: str = '{{ template "slack.default.iconemoji" . }}'
    icon_url: str = '{{ template "slack.default.iconurl" . }}'
    image_url: str = ""
    thumb_url: str = ""
    link_names: bool = False
    mrkdwn_in: list[str] = Field(default_factory=list)
    actions: list[SlackAction] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        not_both(self, "api_url", "api_url_file")
        return self


class EmailConfig(Section):
    """A mail; texts are templates. What is None stands in the `global` part."""

    send_resolved: bool = False
    to: Annotated[str, Field(min_length=1)]
    sender: str = Field("", alias="from")
    hello: str = ""
    smarthost: HostPort = ""
    auth_username: str = ""
    auth_password: SecretStr | None = None
    auth_password_file: str = ""
    headers: Texts = Field(default_factory=dict)
    html: str = '{{ template "email.default.html" . }}'
    text: str = ""
    require_tls: bool | None = None
    force_implicit_tls: bool | None = None
    tls_config: TLSConfig = TLSConfig()

    @property
    def encrypted_from_the_start(self) -> bool:
        """Whether TLS begins with the connection; if nothing is said, on port 465 only."""
        return self.smarthost.endswith(":465") if self.force_implicit_tls is None else self.force_implicit_tls

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        not_both(self, "auth_password", "auth_password_file")
        names = [name.lower() for name in self.headers]
        doubled = next((name for name in names if names.count(name) > 1), None)
        if doubled is not None:
            raise ValueError(f"the header {doubled!r} is given twice")
        return self


class WebhookConfig(Section):
    """A POST of Alertmanager's JSON; `timeout` in milliseconds, 0 = the usual one; `max_alerts` 0 = all."""

    send_resolved: bool = True
    http_config: HTTPConfig | None = None
    url: Url | None = None
    url_file: str = ""
    max_alerts: Annotated[int, Field(ge=0)] = 0
    timeout: Duration = 0

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        not_both(self, "url", "url_file")
        if not self.url and not self.url_file:
            raise ValueError("a webhook needs a url or a url_file")
        return self


#: The settings of one way to reach somebody.
Settings = SlackConfig | EmailConfig | WebhookConfig


class Receiver(Section):
    """Somebody who is told, in all the ways that are given."""

    name: Annotated[str, Field(min_length=1)]
    slack_configs: list[SlackConfig] = Field(default_factory=list)
    email_configs: list[EmailConfig] = Field(default_factory=list)
    webhook_configs: list[WebhookConfig] = Field(default_factory=list)
