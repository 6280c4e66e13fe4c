"""Which traces are sent: those that the sampler picks, and every trace with an error in it."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, DEFAULT_OFF, Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanContext, SpanKind, StatusCode, TraceFlags, TraceState
from opentelemetry.util.types import Attributes

#: Of traces that were not picked, so many are held until they end, with so many spans each.
_OPEN_TRACES = 500
_OPEN_SPANS = 200
_IGNORED = SamplingResult(Decision.DROP)


class RecordErrors(Sampler):
    """Another sampler's choice, but what it drops is still recorded until it is known to be free of errors.

    A client call outside of any work, such as a background thread's look into the database, is no trace.
    """

    def __init__(self, chosen_by: Sampler) -> None:
        self._chosen_by = chosen_by

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """The decision of the other sampler, with RECORD_ONLY in place of DROP."""
        if kind is SpanKind.CLIENT and not trace.get_current_span(parent_context).get_span_context().is_valid:
            return _IGNORED
        result = self._chosen_by.should_sample(parent_context, trace_id, name, kind, attributes, links)
        if result.decision is not Decision.DROP or self._chosen_by in (ALWAYS_OFF, DEFAULT_OFF):
            return result
        return SamplingResult(Decision.RECORD_ONLY, attributes, result.trace_state)

    def get_description(self) -> str:
        """For the SDK's own logs."""
        return f"RecordErrors({self._chosen_by.get_description()})"


@dataclass(slots=True)
class _Open:
    spans: list[ReadableSpan] = field(default_factory=list)
    failed: bool = False


class ErrorTraces(SpanProcessor):
    """Passes on sampled spans at once, and the others when the part of their trace in this process held an error."""

    def __init__(self, following: SpanProcessor) -> None:
        self._following = following
        self._renew()
        os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self._open: OrderedDict[int, _Open] = OrderedDict()
        self._lock = threading.Lock()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing to do until it ends."""

    def on_end(self, span: ReadableSpan) -> None:
        """Send it, hold it, or send what was held with it."""
        if span.context is None or span.context.trace_flags.sampled:
            self._following.on_end(span)
            return
        with self._lock:
            held = self._open.setdefault(span.context.trace_id, _Open())
            held.failed |= span.status.status_code is StatusCode.ERROR
            if len(held.spans) < _OPEN_SPANS:
                held.spans.append(span)
            is_last = span.parent is None or span.parent.is_remote
            if is_last:
                del self._open[span.context.trace_id]
            elif len(self._open) > _OPEN_TRACES:
                self._open.popitem(last=False)
        if is_last and held.failed:
            for each in held.spans:
                self._following.on_end(_sampled(each))

    def shutdown(self) -> None:
        """End what follows."""
        self._following.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what waits."""
        return self._following.force_flush(timeout_millis)


def _sampled(span: ReadableSpan) -> ReadableSpan:
    """The same span with the flag that exporters ask for."""
    seen = span.context
    assert seen is not None
    flags = TraceFlags(seen.trace_flags | TraceFlags.SAMPLED)
    return ReadableSpan(
        name=span.name,
        context=SpanContext(seen.trace_id, seen.span_id, seen.is_remote, flags, seen.trace_state),
        parent=span.parent,
        resource=span.resource,
        attributes=span.attributes,
        events=span.events,
        links=span.links,
        kind=span.kind,
        status=span.status,
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
