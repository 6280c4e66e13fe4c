"""The same alerts to a real Alertmanager and to our schedule: the same notifications in the same seconds."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import requests

from alerts.config import parse
from alerts.dispatch.alert import Alert
from alerts.dispatch.config import Config
from alerts.dispatch.dedup import LogEntry
from alerts.dispatch.schedule import Schedule
from tests.servers import Server, free_port, require, scratch_folder

FILE = """
route:
  receiver: hook
  group_by: [alertname]
  group_wait: 1s
  group_interval: 3s
  repeat_interval: 7s
  routes:
    - {{matchers: [team = "x"], receiver: hook, group_by: ['...'], group_wait: 2s}}
inhibit_rules:
  - {{source_matchers: [severity = high], target_matchers: [severity = low], equal: [room]}}
receivers:
  - {{name: hook, webhook_configs: [{{url: 'http://127.0.0.1:{port}/'}}]}}
"""

#: Second, whether it begins or ends, labels.
SCRIPT: list[tuple[float, str, dict[str, str]]] = [
    (0, "begins", {"alertname": "A", "id": "1", "instance": "b"}),
    (0, "begins", {"alertname": "A", "id": "2", "instance": "a"}),
    (0, "begins", {"alertname": "X", "id": "3", "team": "x", "text": 'q"\\ü'}),
    (0, "begins", {"alertname": "B", "id": "4", "severity": "high"}),
    (0, "begins", {"alertname": "B", "id": "5", "severity": "low"}),
    (2.5, "begins", {"alertname": "A", "id": "6", "job": "j"}),
    (5.5, "ends", {"alertname": "A", "id": "1", "instance": "b"}),
    (6, "ends", {"alertname": "B", "id": "4", "severity": "high"}),
    (8.5, "ends", {"alertname": "X", "id": "3", "team": "x", "text": 'q"\\ü'}),
    (9, "ends", {"alertname": "A", "id": "2", "instance": "a"}),
    (9, "ends", {"alertname": "A", "id": "6", "job": "j"}),
]
LAST = 19

#: Second, group, ids in their order (- = resolved).
Sent = tuple[float, str, str]


def given(start: float, upto: float) -> dict[str, tuple[dict[str, str], float, float | None]]:
    """By id: labels, begin and end of the alerts as they stand at a second of the script (seconds since 1970)."""
    found: dict[str, tuple[dict[str, str], float, float | None]] = {}
    for second, what, labels in SCRIPT:
        if second <= upto:
            begun = found[labels["id"]][1] if what == "ends" else start + second
            found[labels["id"]] = (labels, begun, start + second if what == "ends" else None)
    return found


def told_by_the_real_one(start_after: float) -> list[Sent]:
    got: list[tuple[float, dict[str, Any]]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((time.time(), json.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    hook, port = HTTPServer(("127.0.0.1", 0), Hook), free_port()
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    with scratch_folder() as folder:
        (folder / "am.yml").write_text(FILE.format(port=hook.server_port), encoding="utf-8")
        command = [require("alertmanager"), f"--config.file={folder / 'am.yml'}", f"--storage.path={folder}"]
        command += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
        with Server(command, port=port, log=folder / "log"):
            time.sleep(start_after)
            start = time.time()
            for second in sorted({each[0] for each in SCRIPT}):
                time.sleep(max(0.0, start + second - time.time()))
                now = {each[2]["id"] for each in SCRIPT if each[0] == second}
                body: list[Any] = [
                    {"labels": labels, "startsAt": stamp(begun), "endsAt": stamp(end or start + 3600)}
                    for key, (labels, begun, end) in given(start, second).items()
                    if key in now
                ]
                requests.post(f"http://127.0.0.1:{port}/api/v2/alerts", json=body, timeout=5).raise_for_status()
            time.sleep(max(0.0, start + LAST + 0.5 - time.time()))
    hook.shutdown()
    hook.server_close()
    return [
        (
            at - start,
            message["groupKey"],
            " ".join(("-" if a["status"] == "resolved" else "") + a["labels"]["id"] for a in message["alerts"]),
        )
        for at, message in got
    ]


def stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def told_by_ours() -> list[Sent]:
    schedule, log = Schedule(parse(FILE.format(port=1), Config, "am.yml")), dict[tuple[str, str], LogEntry]()
    start, sent, taken = 1_800_000_000, list[Sent](), set[float]()
    for tick in range(LAST * 10 + 1):
        second = tick / 10
        now = start * 1000 + tick * 100
        for at in {each[0] for each in SCRIPT if each[0] <= second} - taken:
            taken.add(at)
            ids = {each[2]["id"] for each in SCRIPT if each[0] == at}
            alerts = [
                Alert(labels, {}, int(begun * 1000), int(end * 1000) if end else None)
                for key, (labels, begun, end) in given(start, at).items()
                if key in ids
            ]
            schedule.take(alerts, now)
        for flush in schedule.due(now, log, []):
            for note in flush.notifications:
                log[note.integration.key, note.group_key] = note.entry
                ids_sent = " ".join(("-" if a.is_resolved(now) else "") + a.labels["id"] for a in note.alerts)
                sent.append((second, note.group_key, ids_sent))
            schedule.done(flush)
    return sent


@pytest.mark.slow
def test_the_real_alertmanager_sends_the_same_at_the_same_time() -> None:
    real, ours = told_by_the_real_one(0.3), told_by_ours()
    assert sorted((group, round(at), ids) for at, group, ids in real) == sorted(
        (group, round(at), ids) for at, group, ids in ours
    )
    assert len(ours) > 8
