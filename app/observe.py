"""Every request is timed, counted by its route, and traced; its id is on its span and on each line of its log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, has_request_context
from opentelemetry import trace

from app.api.errors import request_id, told_path
from app.services import Services
from monitoring import web
from monitoring.tracing import replace_attributes

#: Routes that hold a connection open, or that only fetch files: their time says nothing about answers.
_NOT_TIMED = ("/assets/", "/_dash-component-suites/", "/api/dashboard/ws/")
#: What is asked for every few seconds by everybody would bury the traces that are worth a look; the intake
#: of traces would feed itself if it were their destination.
_NOT_TRACED = (*_NOT_TIMED, "/_live/", "/healthz$", "/readyz$", "/v1/traces$")


def register(server: Flask, services: Services) -> None:
    """Feed the API metrics, the history of response times and the traces."""

    def record(method: str, endpoint: str, status: int, seconds: float) -> None:
        services.metrics.count_request(method, endpoint, status, seconds)
        services.system.observe_request(seconds)

    web.measure(server, record, skip=_NOT_TIMED)
    web.trace_requests(server, skip=_NOT_TRACED, describe=_describe_request)


def _describe_request(span: trace.Span) -> None:
    span.set_attribute("request_id", request_id())
    # What is searched for may be a person, and a link may hold a key: neither leaves with the trace.
    replace_attributes(span, told_path(), "http.target", "url.path")
    replace_attributes(span, "", "url.query")


def describe_outgoing(span: trace.Span, sent: Any) -> None:
    """Name only the server that a request goes to: the path of a webhook is its key."""
    url = urlsplit(str(sent.url))
    replace_attributes(span, f"{url.scheme}://{url.netloc.rpartition('@')[2]}", "http.url", "url.full")


def log_fields() -> Mapping[str, object]:
    """What each line of the log has beside its own: the id of the request in which it is written."""
    return {"request_id": request_id()} if has_request_context() else {}
