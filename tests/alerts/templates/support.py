"""Data that templates are tried with, and what real programs make of them."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import yaml

from alerts.templates import Alert, Data, data
from alerts.templates.quoting import unquote
from alerts.templates.values import KV
from tests import servers

ZERO = datetime(1, 1, 1, tzinfo=UTC)
_PAIR = re.compile(r'(\w+)=("(?:\\.|[^"\\])*")')


def alert(status: str, starts_at: datetime, annotations: Mapping[str, str] | None = None, **labels: str) -> Alert:
    ends_at = ZERO if status == "firing" else starts_at + timedelta(minutes=7, seconds=3)
    return Alert(status, KV(labels), KV(annotations or {}), starts_at, ends_at, "http://prom/graph?g0", "8a3f")


START = datetime(2026, 3, 7, 9, 5, 3, 120_000, tzinfo=UTC)
DATA: Data = data(
    "team/slack",
    {"alertname": "HighErrorRate", "topic": "call-outcome"},
    [
        alert(
            "firing",
            START,
            {"summary": "12 % of calls fail", "quote": "<b>\"Tom\" & 'Jo'</b>"},
            alertname="HighErrorRate",
            topic="call-outcome",
            agent="roxy müller",
            severity="critical",
        ),
        alert(
            "resolved",
            START.astimezone(timezone(timedelta(hours=5, minutes=30))),
            {"summary": "12 % of calls fail"},
            alertname="HighErrorRate",
            topic="call-outcome",
            agent="zoë's 2nd_line.de:80",
            severity="warning",
        ),
        alert("firing", START.replace(microsecond=0), alertname="HighErrorRate", topic="call-outcome"),
    ],
    "https://calls.example/app",
)


def as_json(given: Data) -> str:
    """The notification as Alertmanager's webhook has it."""
    alerts = [
        {
            "status": each.status,
            "labels": each.labels,
            "annotations": each.annotations,
            "startsAt": each.starts_at.isoformat(),
            "endsAt": each.ends_at.isoformat(),
            "generatorURL": each.generator_url,
            "fingerprint": each.fingerprint,
        }
        for each in given.alerts
    ]
    return json.dumps(
        {
            "receiver": given.receiver,
            "status": given.status,
            "alerts": alerts,
            "groupLabels": given.group_labels,
            "commonLabels": given.common_labels,
            "commonAnnotations": given.common_annotations,
            "externalURL": given.external_url,
        }
    )


class Amtool:
    """Expands templates of notifications as Alertmanager does; `files` defines some."""

    def __init__(self, folder: Path, files: str = "") -> None:
        self._program = servers.require("amtool")
        self._data, self._files = folder / "data.json", folder / "files.tmpl"
        self._data.write_text(as_json(DATA), "utf-8")
        self._files.write_text(files, "utf-8")

    def expand(self, text: str) -> str | None:
        """None where it fails."""
        arguments = [f"--template.glob={self._files}", f"--template.data={self._data}", f"--template.text={text}"]
        run = subprocess.run(
            [self._program, "template", "render", *arguments], capture_output=True, timeout=20, check=False
        )
        return None if run.returncode else run.stdout.decode()


def promtool(folder: Path, templates: Mapping[str, str], values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """What Prometheus makes of annotations, by the name of a value and of the template.

    Each value is an alert that nobody expects: promtool tells what it got instead.
    """
    rules = [
        {"alert": name, "expr": f'x{{value="{name}"}}', "annotations": dict(templates), "labels": {"severity": "low"}}
        for name in values
    ]
    series = [{"series": series_of(name), "values": value} for name, value in values.items()]
    test = {
        "interval": "1m",
        "input_series": series,
        "external_labels": {"site": "berlin"},
        "external_url": "https://calls.example/app",
        "alert_rule_test": [{"eval_time": "0m", "alertname": name, "exp_alerts": []} for name in values],
    }
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": rules}]}), "utf-8")
    (folder / "test.yml").write_text(yaml.safe_dump({"rule_files": ["rules.yml"], "tests": [test]}), "utf-8")
    run = subprocess.run(
        [servers.require("promtool"), "test", "rules", folder / "test.yml"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    found = {}
    for part in re.split(r"alertname: ", run.stderr)[1:]:
        annotations = part[part.index("Annotations:{") :]
        found[part.split(",")[0]] = {name: unquote(text) for name, text in _PAIR.findall(annotations)}
    assert found.keys() == values.keys(), run
    return found


def series_of(name: str) -> str:
    return f'x{{value="{name}", instance="web-1.calls.example:8001", agent="zoë b"}}'


def labels_of(name: str) -> dict[str, str]:
    return {"__name__": "x", "value": name, "instance": "web-1.calls.example:8001", "agent": "zoë b"}
