"""The sampler: real targets over HTTP, some of them away, slow, or hostile."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from data.samples.model import Matcher
from data.samples.sampler import Sampler, next_tick
from data.samples.store import SampleStore
from data.samples.targets import Target
from tests.data.samples.support import STEP, T0, Exposed, alive, ticking, until_alive, written
from tests.servers import free_port, wait_until

Make = Callable[..., Sampler]
PHONE = Matcher("job", "=", "phone")


@pytest.fixture
def store(tmp_path: Path) -> SampleStore:
    return SampleStore(tmp_path / "samples.sqlite")


@pytest.fixture
def registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    Gauge("voicehive_active_calls", "", registry=registry).set(7)
    return registry


@pytest.fixture
def sampler(store: SampleStore, registry: CollectorRegistry) -> Make:
    """Makes a sampler whose clock moves on by 15 s at each round."""

    def make(*targets: Target, timeout: float = 5) -> Sampler:
        clock = ticking()
        return Sampler(store, registry, "127.0.0.1:8001", targets, timeout=timeout, clock=lambda: next(clock))

    return make


@pytest.fixture
def exposed() -> Iterator[Exposed]:
    server = Exposed('calls_total{agent="roxy"} 3\nlevel 1\n')
    yield server
    server.close()


def test_the_process_itself_is_a_target(store: SampleStore, sampler: Make) -> None:
    sampler().take()
    found = alive(store)
    assert found.pop("scrape_duration_seconds{instance=127.0.0.1:8001,job=voicehive}") < 5
    assert found == {
        "up{instance=127.0.0.1:8001,job=voicehive}": 1,
        "scrape_samples_scraped{instance=127.0.0.1:8001,job=voicehive}": 1,
        "voicehive_active_calls{instance=127.0.0.1:8001,job=voicehive}": 7,
    }


def test_a_collector_that_fails_shows_in_up(store: SampleStore, sampler: Make, registry: CollectorRegistry) -> None:
    class Broken(Collector):
        def collect(self) -> list[Metric]:
            raise RuntimeError("away")

        def describe(self) -> list[Metric]:
            return []

    one = sampler()
    one.take()
    registry.register(Broken())
    one.take()
    assert written(store)["up{instance=127.0.0.1:8001,job=voicehive}"] == [(T0, 1), (T0 + STEP, 0)]
    assert "voicehive_active_calls{instance=127.0.0.1:8001,job=voicehive}" not in alive(store)
    assert one.stats.failures == 1


def test_a_target_is_scraped_and_ends_when_it_is_away(
    store: SampleStore, sampler: Make, exposed: Exposed, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "data.samples")
    one = sampler(exposed.target("phone"))
    calls = f"calls_total{{agent=roxy,instance={exposed.address},job=phone}}"
    one.take()
    until_alive(store, "phone", up=1)
    assert alive(store, PHONE)[calls] == 3
    assert alive(store, PHONE)[f"scrape_samples_scraped{{instance={exposed.address},job=phone}}"] == 2
    exposed.status = 500
    one.take()
    until_alive(store, "phone", up=0, since=T0)
    one.take()
    until_alive(store, "phone", up=0, since=T0 + STEP)
    assert written(store, PHONE)[calls] == [(T0, 3), (T0 + STEP, "stale")]
    exposed.status = 200
    one.take()
    until_alive(store, "phone", up=1, since=T0 + 2 * STEP)
    assert written(store, PHONE)[calls][-1] == (T0 + 3 * STEP, 3)
    assert [record.getMessage() for record in caplog.records] == [
        f"no samples of phone at {exposed.address}: answered 500",
        f"samples of phone at {exposed.address} are taken again",
    ]


@pytest.mark.parametrize(
    ("text", "headers", "reason"),
    [
        ("<html>", {}, "not a metrics text"),
        (b"\xff\xfe", {}, "utf-8"),
        ("m 1\n", {"content-encoding": "gzip"}, "sent gzip that was not asked for"),
        ("m 1\n" * 5_000_000, {}, "more than 16 MB"),
        ("".join(f"m{n} 1\n" for n in range(20_001)), {}, "20,001 samples"),
    ],
)
def test_what_is_no_metrics_page_is_no_sample(
    store: SampleStore,
    sampler: Make,
    exposed: Exposed,
    caplog: pytest.LogCaptureFixture,
    text: str,
    headers: dict[str, str],
    reason: str,
) -> None:
    exposed.text, exposed.headers = text, headers
    sampler(exposed.target("phone")).take()
    until_alive(store, "phone", up=0)
    assert len(alive(store, PHONE)) == 3
    wait_until(lambda: caplog.records)
    assert reason in caplog.text


def test_a_redirect_is_not_followed(store: SampleStore, sampler: Make, exposed: Exposed) -> None:
    inside = Exposed("secret 1\n")
    exposed.status, exposed.headers = 302, {"location": f"http://{inside.address}/"}
    sampler(exposed.target("phone")).take()
    until_alive(store, "phone", up=0)
    inside.close()
    assert inside.asked == []


def test_nobody_there_is_away(store: SampleStore, sampler: Make) -> None:
    sampler(Target("phone", f"http://127.0.0.1:{free_port()}/metrics")).take()
    until_alive(store, "phone", up=0)


def test_a_target_that_hangs_delays_nobody(store: SampleStore, sampler: Make, exposed: Exposed) -> None:
    hanging = Exposed("m 1\n")
    hanging.go.clear()
    one = sampler(exposed.target("phone"), hanging.target("slow"))
    for step in range(3):
        one.take()
        until_alive(store, "phone", up=1, since=T0 + (step - 1) * STEP)
    assert [at for at, _ in written(store)[f"up{{instance={exposed.address},job=phone}}"]] == [
        T0,
        T0 + STEP,
        T0 + 2 * STEP,
    ]
    # It is down from the round on that found it still silent, and was asked once.
    up = f"up{{instance={hanging.address},job=slow}}"
    assert written(store)[up] == [(T0 + STEP, 0), (T0 + 2 * STEP, 0)]
    assert hanging.asked == ["/metrics"]
    hanging.go.set()
    wait_until(lambda: not any(thread.name == "scrape" for thread in threading.enumerate()))
    # Its answer came too late to count.
    assert written(store)[up] == [(T0 + STEP, 0), (T0 + 2 * STEP, 0)]
    hanging.close()


def test_a_target_has_only_so_long_to_answer(store: SampleStore, sampler: Make, exposed: Exposed) -> None:
    exposed.go.clear()
    sampler(exposed.target("phone"), timeout=0.05).take()
    until_alive(store, "phone", up=0)


def test_a_target_that_sends_byte_by_byte_gains_no_time(store: SampleStore, sampler: Make, exposed: Exposed) -> None:
    exposed.text, exposed.pause = "m 1\n" * 1000, 0.02
    sampler(exposed.target("phone"), timeout=0.1).take()
    until_alive(store, "phone", up=0)


def test_a_running_sampler_keeps_to_its_interval_and_outlives_a_restart(
    tmp_path: Path, registry: CollectorRegistry
) -> None:
    up = "up{instance=127.0.0.1:8001,job=voicehive}"
    for run in (1, 2):
        store = SampleStore(tmp_path / "samples.sqlite")
        one = Sampler(store, registry, "127.0.0.1:8001", interval=0.1)
        before = time.time()
        one.start()
        wait_until(lambda store=store, run=run: len(written(store).get(up, [])) >= run * 5)  # type: ignore[misc]
        one.stop()
        times = [at for at, _ in written(store)[up] if at >= before * 1000 - 1]
        assert len({at // 100 for at in times[1:]}) == len(times) - 1
        assert one.stats.samples >= 5


def test_missed_rounds_are_left_out() -> None:
    assert next_tick(0, elapsed=0.3, interval=15) == 1
    assert next_tick(1, elapsed=14.999, interval=15) == 2
    assert next_tick(1, elapsed=16.0, interval=15) == 2
    assert next_tick(1, elapsed=100.0, interval=15) == 7
