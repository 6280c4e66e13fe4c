"""A real Prometheus, configured as shipped, that scrapes two instances of the app on one database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.app.conftest import Program, call, run_program, stop_program
from tests.conftest import ROOT
from tests.servers import Server, free_port, require, scratch_folder, wait_until

AGENTS = ("roxy", "mia")
#: Of each agent, a round: enough of them for the rules that ask for 20 calls.
ROUND = ("success",) * 20 + ("error",) * 5 + ("abandoned", "missed", "voicemail")


@dataclass(frozen=True)
class Stack:
    """Two instances and the Prometheus that scrapes them every second."""

    programs: Sequence[Program]
    prometheus: Server

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.prometheus.port}{path}"

    def query(self, expr: str) -> list[dict[str, Any]]:
        """The instant vector of an expression."""
        answer = requests.post(self.url("/api/v1/query"), data={"query": expr}, timeout=10).json()
        assert answer["status"] == "success", f"{expr}: {answer.get('error')}"
        result = answer["data"]["result"]
        return [{"metric": {}, "value": result}] if answer["data"]["resultType"] == "scalar" else list(result)

    def value(self, expr: str) -> float:
        """The only value of an expression; without a series NaN."""
        found = self.query(expr)
        return float(found[0]["value"][1]) if found else float("nan")


def configured(folder: Path, targets: Mapping[str, Sequence[str]]) -> Path:
    """The shipped configuration and rules in a folder of their own, with these targets and a scrape every second."""
    (folder / "monitoring" / "targets").mkdir(parents=True)
    (folder / "alerts").mkdir()
    shutil.copy(ROOT / "alerts" / "prometheus-rules.yml", folder / "alerts")
    config = (ROOT / "monitoring" / "prometheus.yml").read_text()
    quicker = config.replace("_interval: 15s", "_interval: 1s").replace("_timeout: 10s", "_timeout: 1s")
    assert quicker != config
    (folder / "monitoring" / "prometheus.yml").write_text(quicker)
    for name, addresses in targets.items():
        (folder / "monitoring" / "targets" / f"{name}.yml").write_text(f"- targets: {list(addresses)}\n")
    return folder / "monitoring" / "prometheus.yml"


def post_round(program: Program, name: str) -> int:
    """Send calls with every outcome of two agents; how many."""
    calls = [
        call(f"{name}-{agent}-{number}", agent=agent, status=status)
        for agent in AGENTS
        for number, status in enumerate(ROUND)
    ]
    answer = requests.post(program.url("/api/calls"), json=calls, timeout=30)
    assert answer.status_code == 201, answer.text
    return len(calls)


@pytest.fixture(scope="session")
def stack(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Instances that have taken in calls before and after their first scrape, and answered requests."""
    prometheus = require("prometheus")
    programs = []
    with scratch_folder() as folder:
        try:
            for _ in range(2):
                programs.append(run_program(tmp_path_factory.mktemp("stack"), "serve", DATABASE_URL=postgres_url))
            config = configured(folder, {"voicehive": [f"127.0.0.1:{each.metrics_port}" for each in programs]})
            port = free_port()
            command = [prometheus, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}"]
            command += [f"--web.listen-address=127.0.0.1:{port}", "--enable-feature=exemplar-storage"]
            with Server(command, port=port, log=folder / "prometheus.log", cwd=folder) as server:
                made = Stack(programs, server)
                _fill(made)
                yield made
        finally:
            for program in programs:
                stop_program(program)


def _use(stack: Stack, name: str) -> None:
    for number, program in enumerate(stack.programs):
        post_round(program, f"{name}-{number}")
        for path in ("/api/kpis", "/api/calls?limit=5", "/api/dashboard/metrics", "/api/dashboard/health"):
            program.get(path)


def _fill(stack: Stack) -> None:
    _use(stack, "first")
    # Only what comes after the first scrape of a series is an increase of it.
    both = [
        f'count(voicehive_api_requests_total{{endpoint="/api/dashboard/health",instance=~".*:{each.metrics_port}"}})'
        for each in stack.programs
    ]
    wait_until(lambda: all(stack.query(expr) for expr in both), "the first requests are scraped")
    _use(stack, "second")
    recorded = [
        'voicehive:slo_burn_rate:3d{slo="calls"} > 0',
        "voicehive:calls:rate5m > 0",
        "voicehive:calls:zscore1d",
        "voicehive:api_response_time_seconds:p95_5m > 0",
        'endpoint:voicehive_api_response_time_seconds:p95_5m{endpoint="/api/kpis"} > 0',
    ]
    # Some are judged once a minute: the first time may be just before the calls are there.
    wait_until(lambda: all(stack.query(expr) for expr in recorded), "the calls are in the recorded series")
