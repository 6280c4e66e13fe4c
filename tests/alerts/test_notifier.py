"""From transitions to what arrives: once, in order, and as the configuration says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from monitoring import tracing
from tests.alerts.delivering import Delivering
from tests.alerts.hook import Answer, Hook, ids
from tests.servers import wait_until


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as made:
        yield made


@pytest.fixture
def bench(tmp_path: Path, hook: Hook) -> Iterator[Delivering]:
    made = Delivering(tmp_path, hook)
    yield made
    made.close()


def test_an_alert_and_its_end_are_told(bench: Delivering, hook: Hook) -> None:
    move = bench.fire(id="1")
    hook.wait_for(1)
    bench.end(move)
    assert ids(hook.wait_for(2)) == ["1", "-1"]


def test_each_try_is_a_span_that_says_how_it_went(
    bench: Delivering, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("test"))
    hook.script("/", Answer(500))
    bench.fire()

    def sent() -> list[ReadableSpan]:
        return [span for span in kept.get_finished_spans() if span.name == "send notification"]

    wait_until(lambda: len(sent()) == 2, "the second try is over")
    assert [dict(span.attributes or {}) for span in sent()] == [
        {"target": "hook/webhook/0", "attempt": 1},
        {"target": "hook/webhook/0", "attempt": 2},
    ]
    assert [span.status.status_code.name for span in sent()] == ["ERROR", "UNSET"]
