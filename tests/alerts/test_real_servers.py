"""A real Prometheus judges, a real Alertmanager tells: the one's alerts are stored, the other is fed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests

from alerts.record import Transition
from alerts.relay import Relay
from alerts.remote import RemoteRules
from alerts.states import Alert, State
from data.lease import Lease
from tests.alerts.hook import Hook, ids
from tests.alerts.real_pair import Exposed, real_pair, series
from tests.data.support import empty_record
from tests.servers import free_port, wait_until

RULES = """
groups:
  - name: g
    interval: 1s
    rules:
      - {alert: Hot, expr: heat > 30, for: 2s, annotations: {summary: '{{ $value }}'}}
      - {alert: Hot, expr: heat > 100}
"""
ROUTES = """
route: {{receiver: hook, group_by: [id], group_wait: 1s, group_interval: 2s}}
receivers: [{{name: hook, webhook_configs: [{{url: '{url}'}}]}}]
"""


def active(url: str) -> list[Any]:
    found: list[Any] = requests.get(f"{url}/api/v2/alerts?active=true", timeout=5).json()
    return [each for each in found if each["labels"].get("id")]


@pytest.mark.slow
def test_alerts_are_read_from_the_one_and_handed_to_the_other(tmp_path: Path) -> None:
    rules, routes = tmp_path / "rules.yml", tmp_path / "am.yml"
    rules.write_text(RULES, encoding="utf-8")
    record = empty_record(tmp_path / "calls.db")
    lease = Lease(record, "alerting", "one", 3600)
    lease.renew()
    moves: list[Transition] = []
    own: list[Alert] = []
    with Hook() as hook, Exposed() as exposed:
        routes.write_text(ROUTES.format(url=hook.url("/")), encoding="utf-8")
        exposed.set({series("heat", room="a"): 10.0})
        with real_pair(rules, routes, exposed, job="rooms", interval="1s") as real:
            remote = RemoteRules(real.prometheus, record, lease, seconds=0.3)
            remote.on_transitions = moves.extend
            remote.start()
            exposed.set({series("heat", room="a"): 40.0})

            # --- a real Alertmanager is told of alerts that are judged here, meanwhile
            relay = Relay(real.alertmanager, lambda: own, lambda: True, external_url="http://v")
            relay.start()
            now = int(time.time() * 1000)
            own.append(Alert({"alertname": "Mine", "id": "1"}, {"a": "b"}, 1.0, now, State.FIRING, now))
            relay.take([Transition(now, "g", "r", own[0], State.PENDING)])
            wait_until(lambda: active(real.alertmanager), "the Alertmanager has it")
            [told] = active(real.alertmanager)
            assert told["annotations"] == {"a": "b"} and told["generatorURL"].startswith("http://v/alerts?fingerprint=")
            hook.wait_for(1)
            own[0] = Alert(own[0].labels, {}, 1.0, now, State.INACTIVE, now, int(time.time() * 1000))
            relay.take([Transition(now, "g", "r", own[0], State.FIRING)])

            def ends() -> bool:
                mine = [each for each in hook.requests if each.body["groupLabels"] == {"id": "1"}]
                return len(mine) >= 2 and ids(mine[:2]) == ["1", "-1"]

            wait_until(ends, "and that it is over")
            relay.stop()
            assert relay.error == ""

            # --- what the real Prometheus judged
            states = lambda: [(m.rule_group, m.rule, m.before.value, m.alert.state.value) for m in moves]  # noqa: E731
            fires = [("g", "Hot", "inactive", "pending"), ("g", "Hot", "pending", "firing")]
            wait_until(lambda: states() == fires, "it fires")
            assert [(a.labels["room"], a.annotations, a.value) for a in remote.alerts] == [
                ("a", {"summary": "40"}, 40.0)
            ]
            exposed.set({series("heat", room="a"): 10.0})
            wait_until(lambda: states() == [*fires, ("g", "Hot", "firing", "inactive")], "it is over")
        # Both are gone now: states stay as they were, and the reason is known.
        wait_until(lambda: remote.error, "it says that it can't be asked")
        assert [alert.state for alert in remote.alerts] == [State.INACTIVE]
        remote.stop()
    record.close()


def test_an_alertmanager_that_is_away_is_told_later(tmp_path: Path) -> None:
    relay = Relay(f"http://127.0.0.1:{free_port()}", list, lambda: True, external_url="http://v")
    relay.send(0)  # nothing to tell, nobody asked
    now = int(time.time() * 1000)
    alert = Alert({"alertname": "A"}, {}, 1.0, now, State.FIRING, now)
    relay = Relay(relay.url, lambda: [alert], lambda: True, external_url="http://v")
    with pytest.raises(httpx.ConnectError):
        relay.send(now)
