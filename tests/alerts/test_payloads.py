"""What Slack and webhooks are sent: the same JSON as a real Alertmanager sends for the same alerts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from pydantic import SecretStr

from alerts.config import parse
from alerts.dispatch.alert import Alert
from alerts.dispatch.config import Config
from alerts.dispatch.receivers import SlackConfig
from alerts.dispatch.schedule import Schedule
from alerts.receivers import Message, SendError, http, slack, tell, unready
from alerts.receivers.texts import Texts, load_templates
from tests.alerts.hook import Answer, Hook
from tests.servers import Server, free_port, require, scratch_folder, wait_until

FILE = """
route: {{receiver: 'team (a.b)/hook', group_by: [alertname, room], group_wait: 1s}}
receivers:
  - name: 'team (a.b)/hook'
    webhook_configs:
      - {{url: '{url}/hook', http_config: {{basic_auth: {{username: jo, password: 'p:w'}}}}}}
      - {{url: '{url}/two', max_alerts: 2, http_config: {{authorization: {{credentials: tok}}}}}}
    slack_configs:
      - api_url: '{url}/slack'
        channel: '#{{{{ .CommonLabels.room }}}}'
        send_resolved: true
        username: bot
        title: '[{{{{ .Status | toUpper }}}}] {{{{ .GroupLabels.SortedPairs.Values | join " " }}}}'
        title_link: 'http://x/{{{{ len .Alerts }}}}'
        text: '{{{{ range .Alerts }}}}{{{{ .Annotations.summary }}}} & <b> {{{{ .Labels.id }}}}{{{{ end }}}}'
        fallback: fall
      - api_url: '{url}/slack'
        send_resolved: true
        text: '{{{{ .Status }}}}'
        title_link: ''
        fallback: f
        title: '{long}'
        username: ''
        icon_emoji: ':x:'
        icon_url: http://i
        link_names: true
        pretext: before
        callback_id: id
        footer: foot
        color: '#ff0000'
        image_url: http://image
        thumb_url: http://thumb
        short_fields: true
        mrkdwn_in: [text]
        fields: [{{title: '{{{{ .Status }}}}', value: v}}, {{title: t, value: w, short: false}}]
        actions:
          - {{type: button, text: go, url: 'http://{{{{ .CommonLabels.room }}}}', style: danger}}
          - {{type: button, text: ask, name: n, value: v, confirm: {{text: sure, title: t, ok_text: yes}}}}
"""
LONG = "é" * 1_100
BEGAN = 1_800_000_000_120
ALERTS: list[tuple[dict[str, str], dict[str, str]]] = [
    ({"alertname": "Hot", "room": "b\"ü'", "id": str(n), "job": "j"}, {"summary": f"s{n % 2}", "same": "x\ny"})
    for n in range(3)
]


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as made:
        yield made


def written(url: str) -> str:
    return FILE.format(url=url, long=LONG)


def real(hook: Hook) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Bodies and headers of what the real one sends, by path and length."""
    now = datetime.now(UTC).timestamp()
    body: Any = [
        {
            "labels": labels,
            "annotations": notes,
            "startsAt": datetime.fromtimestamp(BEGAN / 1000 - 86_400 * 365, UTC).isoformat(),
            "endsAt": datetime.fromtimestamp(now + 600, UTC).isoformat(),
            "generatorURL": "http://g/?a=1&b=2",
        }
        for labels, notes in ALERTS
    ]
    port = free_port()
    with scratch_folder() as folder:
        (folder / "am.yml").write_text(written(hook.url("")), encoding="utf-8")
        command = [require("alertmanager"), f"--config.file={folder / 'am.yml'}", f"--storage.path={folder}"]
        command += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
        command += ["--web.external-url=http://voicehive.example", "--web.route-prefix=/"]
        with Server(command, port=port, log=folder / "log"):
            requests.post(f"http://127.0.0.1:{port}/api/v2/alerts", json=body, timeout=5).raise_for_status()
            wait_until(lambda: len(hook.requests) == 4, "the real one tells all four")
    return taken(hook)


def taken(hook: Hook) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    ordered = sorted(hook.requests, key=lambda each: (each.path, len(json.dumps(each.body))))
    headers = [
        {n.lower(): v for n, v in each.headers.items() if n.lower() in ("content-type", "authorization")}
        for each in ordered
    ]
    return [each.body for each in ordered], headers


@pytest.mark.slow
def test_the_bodies_are_those_of_a_real_alertmanager(hook: Hook) -> None:
    expected = real(hook)
    hook.requests.clear()
    config = parse(written(hook.url("")), Config, "am.yml")
    schedule = Schedule(config)
    began = BEGAN - 86_400_000 * 365
    now = int(datetime.now(UTC).timestamp() * 1000)
    schedule.take([Alert(labels, notes, began, None, "http://g/?a=1&b=2") for labels, notes in ALERTS], now)
    [flush] = schedule.due(now + 1_000, {}, [])
    for each in flush.notifications:
        tell(each.integration, Message.of(each), load_templates([]), "http://voicehive.example")
    assert taken(hook) == expected
    assert len(expected[0]) == 4


def test_a_text_that_is_too_long_for_slack_ends_with_a_whole_line() -> None:
    alerts = tuple(Alert({"alertname": "A", "id": str(n)}, {"summary": "s" * 50}, BEGAN) for n in range(200))
    texts = Texts(load_templates([]), Message("x", "{}:{}", {}, alerts, BEGAN).data("http://v"))
    text = slack.body(SlackConfig(api_url=SecretStr("http://h")), texts)["attachments"][0]["text"]
    assert (7_000 < len(text) <= 8_000 and text.endswith("|Alert>\n\n…")) or text.endswith("\n…")
    assert text.count("<") == text.count(">")


def test_what_is_filled_into_html_is_escaped_once() -> None:
    data = Message("x", "{}:{}", {}, (Alert({"alertname": "<&>"}, {}, BEGAN),), BEGAN).data("http://v")
    text = (
        "<b>{{ .CommonLabels.alertname }}|{{ .CommonLabels.alertname | html }}|{{ .CommonLabels.alertname | safeHtml }}"
    )
    filled = load_templates([]).expand(text, data, escaped=True)
    assert (filled.text, filled.error) == ("<b>&lt;&amp;&gt;|&lt;&amp;&gt;|<&>", "")


@pytest.mark.parametrize(
    ("answer", "retryable", "after"),
    [
        (Answer(500), True, None),
        (Answer(429, {"Retry-After": "7"}), True, 7.0),
        (Answer(503, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}), True, None),
        (Answer(400, body=b"invalid_blocks"), False, None),
        (Answer(301, {"Location": "ftp://x"}), True, None),
    ],
)
def test_what_an_answer_means(hook: Hook, answer: Answer, retryable: bool, after: float | None) -> None:
    hook.script("/", answer)
    with pytest.raises(SendError) as refused:
        http.post(hook.url("/"), b"{}", None)
    assert refused.value.retryable is retryable
    if after is not None:
        assert refused.value.retry_after == after
    assert answer.body.decode() in str(refused.value) or answer.status != 400


@pytest.mark.parametrize("answer", [Answer(hang=60), Answer(trickle=True)])
def test_a_server_that_does_not_come_to_an_end_is_cut(hook: Hook, answer: Answer) -> None:
    assert http.TIMEOUT_SECONDS == 10
    hook.script("/", answer)
    with pytest.raises(SendError, match=r"no answer within 0\.7 s") as cut:
        http.post(hook.url("/"), b"{}", None, seconds=0.7)
    assert cut.value.retryable


def test_a_secret_may_stand_in_a_file_and_is_read_each_time(hook: Hook, tmp_path: Path) -> None:
    file = tmp_path / "url"
    text = f"route: {{receiver: x}}\nreceivers: [{{name: x, webhook_configs: [{{url_file: '{file}'}}]}}]"
    [way] = parse(text, Config, "am.yml").integrations("x")
    message = Message("x", "{}:{}", {}, (Alert({"alertname": "a"}, {}, BEGAN),), BEGAN)
    assert unready(way) == f"no address in {file}"
    with pytest.raises(SendError, match="can't read") as missing:
        tell(way, message, load_templates([]), "http://v")
    assert missing.value.retryable
    file.write_text(hook.url("/s") + "\n", encoding="utf-8")
    assert unready(way) == ""
    tell(way, message, load_templates([]), "http://v")
    assert len(hook.taken("/s")) == 1
