"""The same two files and the same metrics, for a real Prometheus and Alertmanager and for the embedded pair."""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.alerts.embedded import embedded_pair
from tests.alerts.hook import Hook, Request
from tests.alerts.real_pair import Exposed, real_pair, series
from tests.servers import wait_until

RULES = """
groups:
  - name: heat
    interval: 1s
    rules:
      - record: room:heat:max
        expr: max by (room, site) (heat)
        labels: {unit: c}
      - alert: Hot
        expr: room:heat:max > 30
        for: 2s
        labels: {severity: '{{ if gt $value 50.0 }}high{{ else }}low{{ end }}', team: '{{ $labels.site | toUpper }}'}
        annotations: {summary: '{{ $labels.room }} has {{ $value | printf "%.1f" }} degrees', text: "<b>'&\\""}
      - alert: Warm
        expr: sum by (room) (heat > 20)
        labels: {severity: low}
        annotations: {value: '{{ $value }}', half: '{{ 0.5 | humanizePercentage }}'}
      - alert: Errors
        expr: sum(errors_now) / sum(calls_now) * 100 > 5 and sum(calls_now) >= 20
        labels: {severity: high}
        annotations: {share: '{{ $value | humanize }} %'}
"""
ROUTES = """
route:
  receiver: all
  group_by: [alertname, team]
  group_wait: 1s
  group_interval: 4s
  repeat_interval: 1h
  routes:
    - {{matchers: [severity = high], receiver: high, group_by: ['...'], continue: true}}
    - {{matchers: [alertname =~ "Hot|Warm"], receiver: all}}
inhibit_rules:
  - {{source_matchers: [alertname = Hot], target_matchers: [alertname = Warm], equal: [room]}}
receivers:
  - {{name: all, webhook_configs: [{{url: '{url}all'}}]}}
  - {{name: high, webhook_configs: [{{url: '{url}high', send_resolved: false}}]}}
"""


def heat(**rooms: float) -> dict[Any, float]:
    return {series("heat", room=room, site="ab"[room in "xyz"], sensor="s"): value for room, value in rooms.items()}


def calls(count: float, errors: float) -> dict[Any, float]:
    return {series("calls_now", agent="roxy"): count, series("errors_now", agent="roxy"): errors}


#: What is exposed, phase by phase; each lasts longer than a group's interval and what a rule waits.
PHASES = [
    heat(k=10, l=10, x=10) | calls(100, 1),
    heat(k=60, l=35, x=33) | calls(100, 8),
    heat(k=60, l=25, x=33) | calls(10, 8),
    heat(k=10, l=10, x=10) | calls(100, 0),
]
PHASE_SECONDS = 8


def told(requests: list[Request]) -> dict[str, list[Any]]:
    """What came by group, in its order."""
    found: dict[str, list[Any]] = defaultdict(list)
    for each in requests:
        body = each.body
        alerts = [
            {name: a[name] for name in ("status", "labels", "annotations", "fingerprint")} for a in body["alerts"]
        ]
        kept = {name: body[name] for name in body if name not in ("alerts", "externalURL")}
        found[f"{each.path} {body['groupKey']}"].append(kept | {"alerts": alerts})
    return found


@pytest.mark.slow
@pytest.mark.timeout(150)
def test_both_pairs_tell_the_same(tmp_path: Path) -> None:
    rules, routes = tmp_path / "rules.yml", tmp_path / "am.yml"
    rules.write_text(RULES, encoding="utf-8")
    with Hook() as hook, Exposed() as exposed:
        routes.write_text(ROUTES.format(url=hook.url("/")), encoding="utf-8")
        exposed.set(PHASES[0])
        with (
            real_pair(rules, routes, exposed, job="rooms", interval="1s") as real,
            embedded_pair(rules, routes, exposed.url, job="rooms", seconds=1.0, folder=tmp_path),
        ):
            wait_until(lambda: real.has_scraped("rooms"), "the real one scrapes")
            time.sleep(2)
            for phase in PHASES:
                exposed.set(phase)
                time.sleep(PHASE_SECONDS)
        by_sender = [
            told([each for each in hook.requests if ("voicehive" in each.headers["user-agent"].lower()) is ours])
            for ours in (True, False)
        ]
    assert by_sender[0] == by_sender[1]
    assert len(by_sender[0]) >= 5 and sum(map(len, by_sender[0].values())) >= 8
