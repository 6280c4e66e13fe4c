"""A few settings instead of a file: they complete what the shipped routes say."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from alerts.config import parse
from alerts.dispatch.config import Config, load_config
from alerts.dispatch.defaults import Defaults
from alerts.dispatch.mailserver import mail_server
from alerts.dispatch.receivers import EmailConfig, SlackConfig
from alerts.dispatch.route import tree
from alerts.receivers import unready
from tests.conftest import ROOT

SHIPPED = ROOT / "alerts" / "alertmanager.yml"
ALL = Defaults(
    SecretStr("http://slack.example.net/x"),
    SecretStr("smtp://jo%40h.org:p%3Aw@mail.h.org:587"),
    "ops@h.org, b@h.org",
    SecretStr("http://hook.example.net/y"),
)


def told(config: Config, **labels: str) -> list[str]:
    return [route.receiver for route in tree(config.route).match(labels)]


def states(config: Config) -> dict[str, str]:
    return {way.key: unready(way) for each in config.receivers for way in config.integrations(each.name)}


def test_without_settings_the_shipped_receivers_are_not_configured() -> None:
    config = Defaults().applied(load_config(SHIPPED))
    assert states(config) == {
        "slack/slack/0": "no address in /run/secrets/slack_webhook_url",
        "email/email/0": "oncall@example.org is the address of an example",
    }


def test_with_them_everything_goes_to_slack_and_the_webhook_and_what_is_critical_to_the_mailbox() -> None:
    config = ALL.applied(load_config(SHIPPED))
    assert states(config) == {"slack/slack/0": "", "email/email/0": "", "webhook/webhook/0": ""}
    assert told(config, alertname="A", severity="warning") == ["webhook", "slack"]
    assert told(config, alertname="A", severity="critical") == ["webhook", "email", "slack"]
    assert told(config, alertname="Watchdog") == ["webhook", "heartbeat"]
    [mail], [slack] = config.integrations("email"), config.integrations("slack")
    assert isinstance(mail.settings, EmailConfig) and isinstance(slack.settings, SlackConfig)
    assert (mail.settings.to, mail.settings.smarthost, mail.settings.sender) == (
        "ops@h.org, b@h.org",
        "mail.h.org:587",
        "jo@h.org",
    )
    assert (mail.settings.auth_username, mail.settings.require_tls) == ("jo@h.org", True)
    assert mail.settings.auth_password is not None and mail.settings.auth_password.get_secret_value() == "p:w"
    assert slack.settings.api_url is not None and slack.settings.api_url_file == ""


def test_routes_of_ones_own_keep_their_meaning() -> None:
    text = """
route: {receiver: a, group_by: [x], routes: [{matchers: [t = "1"], receiver: webhook, continue: true}]}
receivers: [{name: a, slack_configs: [{api_url: 'http://own/'}]}, {name: webhook}]
"""
    plain, config = parse(text, Config, "am.yml"), ALL.applied(parse(text, Config, "am.yml"))
    for labels in ({}, {"t": "1"}):
        assert told(config, **labels) == ["webhook-", *told(plain, **labels)]
    [slack] = config.integrations("a")
    assert isinstance(slack.settings, SlackConfig) and slack.settings.api_url == SecretStr("http://own/")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail", ("mail:25", "", False, False, None)),
        ("smtp://u:p@mail", ("mail:25", "u", True, False, None)),
        ("smtp://u:p@127.0.0.1:1025?from=v@h.org", ("127.0.0.1:1025", "u", False, False, "v@h.org")),
        ("smtps://u%40h:p@[::1]", ("[::1]:465", "u@h", False, True, "u@h")),
        ("smtps://mail:4465", ("mail:4465", "", False, True, None)),
    ],
)
def test_a_mail_server_in_one_line(url: str, expected: tuple[str, str, bool, bool, str | None]) -> None:
    found = mail_server(url)
    names = ("smtp_smarthost", "smtp_auth_username", "smtp_require_tls", "smtp_force_implicit_tls")
    assert (*(found[name] for name in names), found.get("smtp_from")) == expected


@pytest.mark.parametrize("url", ["mail:25", "http://mail", "smtp://", "smtp://u:p@mail:port"])
def test_what_is_no_mail_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="smtp"):
        mail_server(url)


def test_a_file_may_ask_for_encryption_from_the_start(tmp_path: Path) -> None:
    text = "global: {smtp_from: a@b, smtp_smarthost: 'h:1', smtp_force_implicit_tls: true}\nroute: {receiver: m}\n"
    text += (
        "receivers: [{name: m, email_configs: [{to: x@y}, {to: x@y, smarthost: 'h:465', force_implicit_tls: false}]}]"
    )
    ways = parse(text, Config, "am.yml").integrations("m")
    settings = [way.settings for way in ways]
    assert [isinstance(each, EmailConfig) and each.encrypted_from_the_start for each in settings] == [True, False]
