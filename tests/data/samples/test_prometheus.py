"""The same program scraped by a real Prometheus and by us."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from prometheus_client import CollectorRegistry

from data.samples.sampler import Sampler
from data.samples.store import SampleStore
from tests import servers
from tests.data.samples.support import Exposed, alive, named, now_ms, until_alive

#: Written by Prometheus beside what every scraper writes.
THEIRS = {"scrape_samples_post_metric_relabeling", "scrape_series_added"}

FIRST = """
# HELP calls_total Calls.
# TYPE calls_total counter
calls_total{agent="roxy",status="error"} 3
calls_total{agent="",status="success"} 4
calls_total{agent="a \\"b\\" \\\\ \\n é",status="x"} 5 1700000000000
# TYPE seconds histogram
seconds_bucket{le="0.5"} 1
seconds_bucket{le="1.0"} 1
seconds_bucket{le="+Inf"} 2
seconds_sum 7.5
seconds_count 2
clash{job="inner",instance="x",exported_job="deep"} 1
clash{job=""} 2
twice 1
odd NaN
large 1e300
below -Inf
"""
SECOND = """
calls_total{agent="roxy",status="error"} 4
new_one{a="b"} 1
"""


@pytest.fixture
def exposed() -> Iterator[Exposed]:
    server = Exposed(FIRST)
    yield server
    server.close()


@pytest.fixture
def prometheus(exposed: Exposed) -> Iterator[str]:
    """The URL of a Prometheus that scrapes the program five times a second."""
    program = servers.require("prometheus")
    with servers.scratch_folder() as folder:
        config = folder / "prometheus.yml"
        config.write_text(
            "global: {scrape_interval: 200ms, scrape_timeout: 200ms}\n"
            "scrape_configs:\n"
            "  - job_name: phone\n"
            # Times in the text are ignored by us.
            "    honor_timestamps: false\n"
            f"    static_configs: [{{targets: ['{exposed.address}']}}]\n"
        )
        port = servers.free_port()
        url = f"http://127.0.0.1:{port}"
        command = [program, f"--config.file={config}", f"--storage.tsdb.path={folder}/data"]
        command.append(f"--web.listen-address=127.0.0.1:{port}")
        ready = f"{url}/-/ready"

        def is_ready() -> bool:
            try:
                return requests.get(ready, timeout=2).ok
            except requests.ConnectionError:
                return False

        with servers.Server(command, port=port, log=folder / "log", ready=is_ready):
            yield url


def instant(url: str) -> dict[str, float]:
    answer = requests.get(f"{url}/api/v1/query", {"query": '{job!=""}'}, timeout=5).json()
    found = {named(each["metric"]): float(each["value"][1]) for each in answer["data"]["result"]}
    return {name: value for name, value in found.items() if name.partition("{")[0] not in THEIRS}


def comparable(found: dict[str, float]) -> dict[str, str]:
    """Without the own process; how long a scrape took is nobody's business."""
    return {
        name: "some" if name.startswith("scrape_duration_seconds") else repr(value)
        for name, value in found.items()
        if "job=voicehive" not in name
    }


def test_labels_values_and_ends_are_those_of_prometheus(prometheus: str, exposed: Exposed, tmp_path: Path) -> None:
    store = SampleStore(tmp_path / "samples.sqlite")
    sampler = Sampler(store, CollectorRegistry(), "127.0.0.1:8001", [exposed.target("phone")])

    def both(up: float) -> tuple[dict[str, str], dict[str, str]]:
        asked = len(exposed.asked)
        servers.wait_until(lambda: len(exposed.asked) >= asked + 3)
        since = now_ms() - 1
        sampler.take()
        until_alive(store, "phone", up=up, since=since)
        time.sleep(0.1)  # Prometheus shows a scrape a little after it answered
        return comparable(alive(store)), comparable(instant(prometheus))

    ours, theirs = both(up=1)
    assert ours == theirs
    assert len(ours) == 17
    exposed.text = SECOND
    ours, theirs = both(up=1)
    assert ours == theirs
    assert len(ours) == 5
    exposed.status = 503
    ours, theirs = both(up=0)
    assert ours == theirs
    assert len(ours) == 3
    exposed.status = 200
    ours, theirs = both(up=1)
    assert ours == theirs
    assert len(ours) == 5
