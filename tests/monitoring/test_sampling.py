"""Which traces are sent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from monitoring.sampling import ErrorTraces
from monitoring.tracing import Tracing
from tests.monitoring.receiver import Receiver, receiving


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiving() as started:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", started.url)
        yield started


def work(tracer: Tracer, name: str, *, fails: bool) -> None:
    """A trace of three spans; an exception in the innermost is handled by the middle one."""
    with tracer.start_as_current_span(name), tracer.start_as_current_span(f"{name} part"):
        try:
            with tracer.start_as_current_span(f"{name} step"):
                if fails:
                    raise LookupError
        except LookupError:
            pass


def sent(collector: Receiver) -> set[str]:
    """The names of the spans that arrive of a trace without an error and of one with an error."""
    tracing = Tracing(service="test")
    tracer = tracing.provider.get_tracer("test")
    work(tracer, "fine", fails=False)
    work(tracer, "bad", fails=True)
    tracing.stop()
    return set(collector.names())


FINE, BAD = {"fine", "fine part", "fine step"}, {"bad", "bad part", "bad step"}


@pytest.mark.parametrize(
    ("sampler", "share", "expected"),
    [
        ("parentbased_always_on", "", FINE | BAD),
        ("parentbased_traceidratio", "0", BAD),
        ("traceidratio", "0", BAD),
        ("always_off", "", set()),
        ("parentbased_always_off", "", set()),
    ],
)
def test_a_trace_with_an_error_is_sent_whole_whatever_share_is_sampled(
    collector: Receiver, monkeypatch: pytest.MonkeyPatch, sampler: str, share: str, expected: set[str]
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", share)
    assert sent(collector) == expected


def test_the_part_here_of_a_trace_that_its_caller_did_not_sample_is_sent_if_it_fails(collector: Receiver) -> None:
    tracing = Tracing(service="test")
    tracer = tracing.provider.get_tracer("test")
    given = TraceContextTextMapPropagator().extract({"traceparent": f"00-{'1' * 32}-{'2' * 16}-00"})
    for name, error in (("fine", None), ("bad", LookupError())):
        with tracer.start_as_current_span(name, context=given, kind=SpanKind.SERVER) as span:
            if error:
                span.record_exception(error)
                span.set_status(trace.StatusCode.ERROR)
    tracing.stop()
    assert collector.names() == ["bad"]
    assert collector.spans[0].item.trace_id.hex() == "1" * 32


def test_an_outgoing_call_outside_of_any_work_is_no_trace(collector: Receiver) -> None:
    tracing = Tracing(service="test")
    tracer = tracing.provider.get_tracer("test")
    with tracer.start_as_current_span("alone", kind=SpanKind.CLIENT):
        pass
    with tracer.start_as_current_span("work"), tracer.start_as_current_span("call", kind=SpanKind.CLIENT):
        pass
    tracing.stop()
    assert set(collector.names()) == {"work", "call"}


def test_traces_that_never_end_do_not_fill_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    tracing = Tracing(service="test")
    tracer = tracing.provider.get_tracer("test")
    kept = InMemorySpanExporter()
    errors = ErrorTraces(SimpleSpanProcessor(kept))
    tracing.provider.add_span_processor(errors)
    roots = []
    for number in range(1_000):
        roots.append(tracer.start_span(f"{number}"))
        with trace.use_span(roots[-1]), tracer.start_as_current_span("part"):
            pass
    with trace.use_span(roots[-1]):
        for _ in range(1_000):
            tracer.start_span("part").end()
    assert len(errors._open) <= 501
    assert max(len(each.spans) for each in errors._open.values()) <= 200
    roots[-1].set_status(trace.StatusCode.ERROR)
    roots[-1].end()
    assert kept.get_finished_spans()
    tracing.stop()
