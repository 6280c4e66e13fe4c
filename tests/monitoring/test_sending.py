"""A collector that is away or does not do its work costs spans, never the caller."""

from __future__ import annotations

import logging
import time

import pytest

from monitoring import sending
from monitoring.tracing import Tracing
from tests.monitoring.receiver import Receiver
from tests.servers import free_port, wait_until


class Sent:
    """A provider that sends to this endpoint, and what was lost on the way."""

    def __init__(self, endpoint: str, monkeypatch: pytest.MonkeyPatch, *, delay: str = "20") -> None:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", delay)
        self.lost = 0
        self.tracing = Tracing(service="test", lose=self._lose)
        self._tracer = self.tracing.provider.get_tracer("test")

    def _lose(self, spans: int) -> None:
        self.lost += spans

    def spans(self, number: int) -> None:
        for each in range(number):
            self._tracer.start_span(f"{each}").end()

    def stop(self) -> float:
        """How many seconds it takes."""
        started = time.monotonic()
        self.tracing.stop()
        return time.monotonic() - started


def test_what_arrives_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as collector:
        sent = Sent(collector.url, monkeypatch)
        sent.spans(700)
        sent.stop()
        assert (len(collector.spans), sent.lost) == (700, 0)


def test_a_collector_that_fails_loses_spans_and_they_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver("error") as collector:
        sent = Sent(collector.url, monkeypatch)
        sent.spans(10)
        wait_until(lambda: sent.lost == 10, "the spans are counted as lost")
        assert sent.stop() < 3


def test_a_collector_that_refuses_is_given_up_when_the_process_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = Sent(f"http://127.0.0.1:{free_port()}", monkeypatch)
    sent.spans(10)
    assert sent.stop() < 3
    wait_until(lambda: sent.lost == 10, "the spans are counted as lost")


def test_while_a_collector_hangs_memory_is_bounded_and_each_loss_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver("never") as collector:
        sent = Sent(collector.url, monkeypatch)
        sent.spans(1)
        wait_until(lambda: collector.requests == 1, "the first batch hangs")
        sent.spans(sending._MOST_WAITING + 5_000)
        assert sent.lost == 5_000
        assert sent.stop() < 3


def test_a_collector_that_is_away_does_not_fill_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter"), "filters", [])
    with Receiver("error") as collector, caplog.at_level(logging.INFO):
        sent = Sent(collector.url, monkeypatch, delay="5")
        for number in range(1, 21):
            sent.spans(1)
            wait_until(lambda number=number: sent.lost == number, "a batch fails")  # type: ignore[misc]
        sent.stop()
    assert len(caplog.records) <= 2
