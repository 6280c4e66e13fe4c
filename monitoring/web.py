"""Requests to a Flask app: timed, counted by route, and traced."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from flask import Flask, Response, request
from opentelemetry import trace

from monitoring.exposition import Page
from monitoring.metrics import UNKNOWN_ROUTE, RecordRequest, method_of

_STARTED = "voicehive.started"
_PAGE = "voicehive_metrics"


def measure(app: Flask, record: RecordRequest, *, skip: tuple[str, ...] = ()) -> None:
    """Time every request but those whose path begins with one of `skip`."""

    def start() -> None:
        # In `g` it could meet with the app's own names.
        request.environ[_STARTED] = time.perf_counter()

    # First of all, so that what other hooks do is timed as well.
    app.before_request_funcs.setdefault(None, []).insert(0, start)

    @app.after_request
    def count(response: Response) -> Response:
        if request.endpoint != _PAGE and not request.path.startswith(skip):
            rule = request.url_rule.rule if request.url_rule else UNKNOWN_ROUTE
            record(
                method_of(request.method, rule),
                rule,
                response.status_code,
                time.perf_counter() - request.environ[_STARTED],
            )
        return response


def trace_requests(
    app: Flask, *, skip: Sequence[str] = (), describe: Callable[[trace.Span], None] = lambda span: None
) -> None:
    """A span for every request but those whose URL one of the regular expressions in `skip` finds.

    `describe` is called with each span that is recorded when its request begins.
    """
    from opentelemetry.instrumentation.flask import FlaskInstrumentor

    FlaskInstrumentor().instrument_app(app, excluded_urls=",".join(skip))  # type: ignore[no-untyped-call]
    hooks = app.before_request_funcs[None]
    start = hooks.pop()

    def start_and_describe() -> None:
        start()
        span = trace.get_current_span()
        if span.is_recording():
            describe(span)

    # First of all: what another hook refuses is a request, too.
    hooks.insert(0, start_and_describe)


def add_page(app: Flask, path: str, page: Page) -> None:
    """Route the metrics page."""

    @app.get(path, endpoint=_PAGE)
    def metrics() -> Response:
        body, content_type = page(request.headers.get("Accept", ""))
        return Response(body, content_type=content_type)
