"""From a crossing of a threshold to the webhook: the embedded pair beside a real Prometheus and Alertmanager."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from tests.alerts.embedded import embedded_pair
from tests.alerts.hook import Hook
from tests.alerts.real_pair import Exposed, real_pair, series
from tests.bench.table import Baseline, Line
from tests.servers import wait_until

_RULES = """
groups:
  - name: heat
    interval: 15s
    rules:
      - {alert: Hot, expr: heat > 30, annotations: {summary: '{{ $value }}'}}
"""
_ROUTES = """
route: {{receiver: hook, group_by: [room], group_wait: 5s, group_interval: 5m, repeat_interval: 4h}}
receivers: [{{name: hook, webhook_configs: [{{url: '{url}'}}]}}]
"""
#: At so many instants that lie evenly in the 15 seconds between two scrapes.
_CROSSINGS, _EVERY_SECONDS = 15, 4.0


def lines(calls: int, scratch: Path) -> Iterator[Line]:
    """Both pairs at once, on the same metrics."""
    rules, routes = scratch / "rules.yml", scratch / "am.yml"
    rules.write_text(_RULES, encoding="utf-8")
    crossed: dict[str, float] = {}
    with Hook() as hook, Exposed() as exposed:
        routes.write_text(_ROUTES.format(url=hook.url("/")), encoding="utf-8")
        rooms = [str(number) for number in range(_CROSSINGS)]
        exposed.set({series("heat", room=room): 10.0 for room in rooms})
        with (
            real_pair(rules, routes, exposed, job="rooms", interval="15s") as real,
            embedded_pair(rules, routes, exposed.url, job="rooms", seconds=15.0, folder=scratch),
        ):
            wait_until(lambda: real.has_scraped("rooms"), "the real one scrapes")
            for room in rooms:
                exposed.set({series("heat", room=room): 40.0})
                crossed[room] = time.time()
                time.sleep(_EVERY_SECONDS)
            wait_until(lambda: len(hook.requests) >= 2 * _CROSSINGS, "both tell of every crossing")
        took: dict[bool, list[float]] = {True: [], False: []}
        for each in hook.requests:
            ours = "voicehive" in each.headers["user-agent"].lower()
            took[ours] += [each.at - crossed[alert["labels"]["room"]] for alert in each.body["alerts"]]
    for name, pick in (("median", statistics.median), ("longest", max)):
        theirs = pick(took[False])
        yield Line(
            f"crossing to webhook, {name} of {_CROSSINGS} (15 s, 15 s, group_wait 5 s)",
            pick(took[True]),
            "s",
            theirs,
            baselines=[Baseline("Prometheus and Alertmanager", theirs)],
        )
