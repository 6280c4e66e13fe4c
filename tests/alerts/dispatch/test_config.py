"""Alertmanager's file: the verdict of `amtool check-config`, and what of it is not supported."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from alerts.config import ConfigError
from alerts.dispatch.config import load_config
from alerts.dispatch.receivers import EmailConfig, SlackConfig, WebhookConfig
from tests.conftest import ROOT
from tests.servers import require

ONE = "receivers: [{name: a}]\n"
ROUTE = "route: {receiver: a}\n"


def routed(route: str, more: str = "") -> str:
    return f"route:\n  receiver: a\n  routes:\n    - {route}\n{ONE}{more}"


def interval(content: str) -> str:
    return f"{ROUTE}{ONE}time_intervals: [{{name: t, time_intervals: [{{{content}}}]}}]\n"


def told(ways: str, common: str = "") -> str:
    return f"{common}{ROUTE}receivers:\n  - name: a\n    {ways}\n"


def matched(matcher: str) -> str:
    quoted = matcher.replace("'", "''")
    return routed(f"matchers: ['{quoted}']")


MAIL = "global: {smtp_smarthost: 'h:25', smtp_from: a@b}\n"
SLACK = "global: {slack_api_url: 'https://hooks.example/x'}\n"

#: Both are asked; what is right is what amtool says.
SAME_VERDICT = [
    "",
    "route:\n",
    ROUTE + ONE,
    ROUTE,
    ONE,
    "route: {}\n" + ONE,
    "route: {receiver: b}\n" + ONE,
    ROUTE + ONE + "global:\n",
    ROUTE + ONE + "global: {}\ninhibit_rules:\ntemplates:\nmute_time_intervals:\n",
    ROUTE + ONE + "nonsense: 1\n",
    ROUTE + "receivers: [{name: a}, {name: a}]\n",
    ROUTE + "receivers: [{}]\n",
    ROUTE + "receivers: [{name: a}, {slack_configs: []}]\n",
    ROUTE + ONE + ONE,
    ROUTE + "receivers: {name: a}\n",
    "route: {receiver: a, continue: true}\n" + ONE,
    "route: {receiver: a, continue: false}\n" + ONE,
    "route: {receiver: a, match: {a: b}}\n" + ONE,
    "route: {receiver: a, match: {}}\n" + ONE,
    "route: {receiver: a, match_re: {a: b}}\n" + ONE,
    "route: {receiver: a, matchers: ['a=b']}\n" + ONE,
    "route: {receiver: a, matchers: []}\n" + ONE,
    "route: {receiver: a, mute_time_intervals: [t]}\n" + ONE,
    "route: {receiver: a, active_time_intervals: [t]}\n" + ONE,
    "route: {receiver: a, group_by: [x, y]}\n" + ONE,
    "route: {receiver: a, group_by: ['...']}\n" + ONE,
    "route: {receiver: a, group_by: ['...', '...']}\n" + ONE,
    "route: {receiver: a, group_by: ['...', x]}\n" + ONE,
    "route: {receiver: a, group_by: [x, x]}\n" + ONE,
    "route: {receiver: a, group_by: [x-y]}\n" + ONE,
    "route: {receiver: a, group_by: ['']}\n" + ONE,
    "route: {receiver: a, group_by: x}\n" + ONE,
    "route: {receiver: a, group_by: []}\n" + ONE,
    "route: {receiver: a, group_wait: 0s, group_interval: 1s, repeat_interval: 1ms}\n" + ONE,
    "route: {receiver: a, group_wait: 0}\n" + ONE,
    "route: {receiver: a, group_wait: 5}\n" + ONE,
    "route: {receiver: a, group_wait: 1m1h}\n" + ONE,
    "route: {receiver: a, group_wait: -1s}\n" + ONE,
    "route: {receiver: a, group_wait: 1.5s}\n" + ONE,
    "route: {receiver: a, group_wait: 1d12h30m}\n" + ONE,
    "route:\n  receiver: a\n  group_wait:\n" + ONE,
    "route: {receiver: a, group_interval: 0s}\n" + ONE,
    "route: {receiver: a, repeat_interval: 0s}\n" + ONE,
    routed("receiver: a"),
    routed("receiver: b"),
    routed("{}"),
    routed("match: {a: b}"),
    routed("match: {a: 1}"),
    routed("match: {'a-b': c}"),
    routed("match: {a: }"),
    routed("match_re: {a: '^(x|y)$'}"),
    routed("match_re: {a: '('}"),
    routed("match_re: {'1a': b}"),
    routed("match_re: {a: '(?=b)'}"),
    routed("match_re: {a: '(?P<n>b)'}"),
    routed("match_re: {a: 'b{1001}'}"),
    routed("matchers: a=b"),
    routed("matchers: [a=b, c=~d]"),
    routed("matchers: [[a]]"),
    routed("matchers: {a: b}"),
    routed("mute_time_intervals: [t]"),
    routed("mute_time_intervals: [t]", "mute_time_intervals: [{name: t}]\n"),
    routed("active_time_intervals: [t]", "time_intervals: [{name: t, time_intervals: [{weekdays: [monday]}]}]\n"),
    routed("active_time_intervals: [u]", "time_intervals: [{name: t}]\n"),
    routed("routes: [{routes: [{receiver: nobody}]}]"),
    routed("continue: yes"),
    routed("continue: maybe"),
    routed("unknown: 1"),
    ROUTE + ONE + "time_intervals: [{name: t}, {name: t}]\n",
    ROUTE + ONE + "time_intervals: [{name: t}]\nmute_time_intervals: [{name: t}]\n",
    ROUTE + ONE + "time_intervals: [{time_intervals: []}]\n",
    *(
        matched(each)
        for each in (
            'a="b"', "a=b", " a = b ", "a=", 'a=""', 'a="', 'a=b"', 'a="b"c"', 'a="b\\"c"', "a=b\\", 'a="b\\\\"',
            "a", "=b", "a==b", "a=~b", "a=~(", "a!~b", "a!b", "a=b,c=d", "{a=b}", "{a=b", "a=b}", "a=b,", "a=b,,",
            ",a=b", "{}", "", 'a="b,c"', 'a="b\\",c=d', "a:b=c", "a=ä", "a=b c", "a=b=c", 'a=~".*"',
            "a=~", "a=~[", "a=~(?i)x", "a=~x**", 'a="\\n\\x"', "a=b\\nc", 'a=~"\\d+"', "a=~\\d+", "a=~\\pN", 'a="b" ',
        )
    ),
    *(
        interval(each)
        for each in (
            "weekdays: [monday, 'tuesday:friday']", "weekdays: [Monday]", "weekdays: ['friday:monday']",
            "weekdays: [funday]", "weekdays: ['monday:']", "weekdays: ['1']", "weekdays: monday",
            "days_of_month: ['1:5', '-3:-1', '31']", "days_of_month: ['0']", "days_of_month: ['32']",
            "days_of_month: ['-32']", "days_of_month: ['-1:1']", "days_of_month: ['5:1']", "days_of_month: ['-1:-3']",
            "days_of_month: ['25:-1']", "days_of_month: ['29:-1']", "days_of_month: ['1:2:3']", "days_of_month: [x]",
            "months: ['january:march', '5', '11:december']", "months: ['december:january']", "months: [foo]",
            "months: ['13']", "months: ['0']", "months: [JUNE]", "years: ['2024', '2025:2027']", "years: ['2027:2025']",
            "years: [soon]", "years: ['-5']", "times: [{start_time: '09:00', end_time: '17:00'}]",
            "times: [{start_time: '00:00', end_time: '24:00'}]", "times: [{start_time: '17:00', end_time: '09:00'}]",
            "times: [{start_time: '9:00', end_time: '17:00'}]", "times: [{start_time: '09:00'}]",
            "times: [{start_time: '09:00', end_time: '24:01'}]", "times: [{start_time: '09:00', end_time: '09:00'}]",
            "times: [{start_time: '09:60', end_time: '10:00'}]", "times: []", "weekdays: []",
            "location: Europe/Berlin", "location: Mars/Olympus", "location: UTC", "location: Local", "location: ''",
            "location: ../etc/passwd", "zone: UTC", "times: [{start_time: '', end_time: '10:00'}]",
        )
    ),
    *(
        f"{ROUTE}{ONE}inhibit_rules: [{{{each}}}]\n"
        for each in (
            "", "source_matchers: [a=b], target_matchers: [c=d], equal: [x, y]", "source_match: {a: b}",
            "source_match: {'a-': b}", "target_match_re: {a: '['}", "source_match_re: {a: b}, target_match: {c: d}",
            "equal: ['a-b']", "equal: x", "equal: ['']", "equal: [a, a]", "source_matchers: [nothing]", "foo: bar",
        )
    ),
    told("slack_configs: [{channel: x}]"),
    told("slack_configs: [{channel: x}]", SLACK),
    told("slack_configs: [{}]", SLACK),
    told("slack_configs: [{api_url: 'http://x/y'}]"),
    told("slack_configs: [{api_url: 'ftp://x/y'}]"),
    told("slack_configs: [{api_url: 'https://'}]"),
    told("slack_configs: [{api_url: x}]"),
    told("slack_configs: [{api_url_file: /a}]"),
    told("slack_configs: [{api_url: 'http://x/y', api_url_file: /a}]"),
    told("slack_configs: [{api_url_file: /a}]", SLACK),
    told("slack_configs: [{fields: [{title: a, value: b, short: true}]}]", SLACK),
    told("slack_configs: [{fields: [{title: a}]}]", SLACK),
    told("slack_configs: [{fields: [{value: a}]}]", SLACK),
    told("slack_configs: [{actions: [{type: button, text: a, url: 'http://x'}]}]", SLACK),
    told("slack_configs: [{actions: [{type: button, text: a}]}]", SLACK),
    told("slack_configs: [{actions: [{type: button, text: a, name: n, confirm: {text: sure}}]}]", SLACK),
    told("slack_configs: [{actions: [{type: button, text: a, name: n, confirm: {title: sure}}]}]", SLACK),
    told("slack_configs: [{send_resolved: true, color: red, link_names: true, mrkdwn_in: [text]}]", SLACK),
    told("slack_configs: [{colour: red}]", SLACK),
    told("slack_configs: [{send_resolved: perhaps}]", SLACK),
    told("slack_configs: [{send_resolved: }]", SLACK),
    "global: {slack_api_url: 'http://x/y', slack_api_url_file: /a}\n" + ROUTE + ONE,
    "global: {slack_api_url: nowhere}\n" + ROUTE + ONE,
    told("email_configs: [{to: a@b}]"),
    told("email_configs: [{to: a@b}]", MAIL),
    told("email_configs: [{from: a@b}]", MAIL),
    told("email_configs: [{to: a@b, smarthost: 'h:25'}]"),
    told("email_configs: [{to: a@b, smarthost: 'h:25', from: c@d}]"),
    told("email_configs: [{to: a@b, smarthost: 'h', from: c@d}]"),
    told("email_configs: [{to: a@b, smarthost: 'h:', from: c@d}]"),
    told("email_configs: [{to: a@b, smarthost: '::1:25', from: c@d}]"),
    told("email_configs: [{to: a@b, smarthost: '[::1]:25', from: c@d}]"),
    told("email_configs: [{to: a@b, headers: {Subject: x, To: y}, require_tls: false, text: z}]", MAIL),
    told("email_configs: [{to: a@b, headers: {Subject: x, subject: y}}]", MAIL),
    told("email_configs: [{to: a@b, auth_username: u, auth_password: p, hello: me}]", MAIL),
    told("email_configs: [{to: a@b, tls_config: {insecure_skip_verify: true, ca_file: /ca}}]", MAIL),
    told("webhook_configs: [{url: 'http://x/y'}]"),
    told("webhook_configs: [{url: 'http://x/y', max_alerts: 5, send_resolved: false}]"),
    told("webhook_configs: [{url: 'http://x/y', max_alerts: -5}]"),
    told("webhook_configs: [{}]"),
    told("webhook_configs: [{url: '/y'}]"),
    *(
        told(f"webhook_configs: [{{url: 'http://x/y', http_config: {{{each}}}}}]")
        for each in (
            "", "basic_auth: {username: u, password: p}", "basic_auth: {username: u, password_file: /p}",
            "basic_auth: {username: u, password: p, password_file: /p}", "authorization: {credentials: x}",
            "authorization: {type: Token, credentials: x}", "authorization: {type: basic, credentials: x}",
            "authorization: {credentials: x, credentials_file: /y}", "proxy_url: 'http://proxy:3128'",
            "basic_auth: {username: u}, authorization: {credentials: x}", "follow_redirects: false", "nothing: 1",
            "tls_config: {ca_file: /x, insecure_skip_verify: true}",
        )
    ),
    "global: {resolve_timeout: 5m, smtp_hello: h, smtp_require_tls: false}\n" + ROUTE + ONE,
    "global: {resolve_timeout: soon}\n" + ROUTE + ONE,
    "global: {smtp_smarthost: nowhere}\n" + ROUTE + ONE,
    "route: [receiver\n",
    "- a\n- b\n",
    "just text\n",
]  # fmt: skip


def ours(path: Path) -> str:
    """Empty if it is taken."""
    try:
        load_config(path)
    except ConfigError as error:
        return str(error)
    return ""


def amtool(paths: list[Path]) -> list[bool]:
    command = [require("amtool"), "check-config", *(str(path) for path in paths)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
    verdicts = [line.split()[-1] for line in said.splitlines() if line.startswith("Checking ")]
    return [verdict == "SUCCESS" for verdict in verdicts]


def test_the_verdict_on_a_file_is_that_of_amtool(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.yml" for number in range(len(SAME_VERDICT))]
    for path, text in zip(paths, SAME_VERDICT, strict=True):
        path.write_text(text, encoding="utf-8")
    expected = amtool(paths)
    assert expected.count(True) > 50 and expected.count(False) > 50
    found = [ours(path) for path in paths]
    differing = [
        f"amtool {'takes' if taken else 'refuses'}, ours: {fault or 'taken'}\n{text}"
        for text, taken, fault in zip(SAME_VERDICT, expected, found, strict=True)
        if taken != (fault == "")
    ]
    assert differing == [], "\n".join(differing)
    # One line a fault, with file and line.
    assert all(line.startswith(f"{tmp_path}/") for fault in found for line in fault.splitlines())


#: What Alertmanager has and we do not; the line of the fault.
REFUSED = [
    (told("pagerduty_configs: [{service_key: x}]"), 4),
    (
        told(
            "webhook_configs:\n      - url: http://x/y\n        http_config:\n"
            "          oauth2: {client_id: x, client_secret: y, token_url: 'http://x'}"
        ),
        7,
    ),
    (told("webhook_configs:\n      - url: http://x/y\n        http_config: {bearer_token: x}"), 6),
    (told("email_configs:\n      - to: a@b\n        auth_secret: x", MAIL), 7),
    ("global:\n  opsgenie_api_key: x\n" + ROUTE + ONE, 2),
    ("global:\n  smtp_smarthost: h:smtp\n" + ROUTE + ONE, 2),
]

#: What newer releases than Debian's have and we, too.
NEWER = [
    matched('"a b"=c'),
    matched("1a=b"),
    matched("ä=b"),
    matched('{"ä"=~"x|y", "c" != "d"}'),
    told("webhook_configs: [{url_file: /x, timeout: 5s}]"),
]


@pytest.mark.parametrize(("text", "line"), REFUSED)
def test_what_is_not_supported_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "am.yml"
    path.write_text(text, encoding="utf-8")
    assert amtool([path]) == [True]
    assert ours(path).startswith(f"{path}:{line}: ")


@pytest.mark.parametrize("text", NEWER)
def test_what_newer_releases_take_is_taken(tmp_path: Path, text: str) -> None:
    path = tmp_path / "am.yml"
    path.write_text(text, encoding="utf-8")
    assert amtool([path]) == [False]
    assert ours(path) == ""


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (routed("receiver: b"), 4, "no receiver is called 'b'"),
        (routed("routes:\n      - receiver: a\n      - receiver: b"), 6, "no receiver is called 'b'"),
        (routed("mute_time_intervals:\n        - night"), 5, "no time interval is called 'night'"),
        (routed("matchers:\n      - a=b\n      - a=~("), 6, "bad regular expression"),
        ("route:\n  receiver: a\n  continue: true\n" + ONE, 3, "no continue there"),
        (ROUTE + "receivers:\n  - name: a\n  - name: a\n", 4, "the name 'a' is taken"),
        (told("slack_configs:\n      - channel: x\n      - api_url: ftp://secret"), 6, "http://"),
        (told("slack_configs:\n      - channel: x"), 5, "slack_api_url"),
        (ONE, 1, "route"),
    ],
)
def test_a_fault_names_line_and_remedy_and_no_secret(tmp_path: Path, text: str, line: int, words: str) -> None:
    path = tmp_path / "am.yml"
    path.write_text(text, encoding="utf-8")
    said = ours(path)
    assert said.startswith(f"{path}:{line}: ") and words in said and "secret" not in said


def test_settings_are_completed_from_the_global_part(tmp_path: Path) -> None:
    path = tmp_path / "am.yml"
    path.write_text(
        "global:\n"
        "  slack_api_url: https://hooks.example/common\n"
        "  smtp_smarthost: mail:25\n  smtp_from: us@example\n  smtp_require_tls: false\n"
        "  smtp_auth_username: user\n  smtp_auth_password: hunter2\n"
        "  http_config: {follow_redirects: false}\n"
        "route: {receiver: all}\n"
        "templates: [mine/*.tmpl]\n"
        "receivers:\n"
        "  - name: all\n"
        "    slack_configs: [{channel: a}, {api_url_file: /own}]\n"
        "    email_configs: [{to: a@b}, {to: c@d, from: e@f, require_tls: true, auth_password_file: /own}]\n"
        "    webhook_configs: [{url: 'http://x', http_config: {}}]\n",
        encoding="utf-8",
    )
    config = load_config(path)
    assert config.templates == [str(tmp_path / "mine/*.tmpl")]
    ways = {way.key: way.settings for way in config.integrations("all")}
    slack, own = ways["all/slack/0"], ways["all/slack/1"]
    assert isinstance(slack, SlackConfig) and slack.api_url and slack.http_config
    assert slack.api_url.get_secret_value() == "https://hooks.example/common" and not slack.http_config.follow_redirects
    assert isinstance(own, SlackConfig) and (own.api_url, own.api_url_file) == (None, "/own")
    mail, other = ways["all/email/0"], ways["all/email/1"]
    assert isinstance(mail, EmailConfig) and mail.auth_password
    assert (mail.smarthost, mail.sender, mail.require_tls) == ("mail:25", "us@example", False)
    assert mail.auth_password.get_secret_value() == "hunter2"
    assert isinstance(other, EmailConfig)
    assert (other.sender, other.require_tls, other.auth_password) == ("e@f", True, None)
    hook = ways["all/webhook/0"]
    assert isinstance(hook, WebhookConfig) and hook.http_config and hook.http_config.follow_redirects
    assert "hunter2" not in repr(config) and "common" not in repr(config.common.slack_api_url)


def test_the_shipped_file_is_taken() -> None:
    config = load_config(ROOT / "alerts" / "alertmanager.yml")
    assert [way.key for way in config.integrations("email")] == ["email/email/0"]
