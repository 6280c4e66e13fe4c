"""Every request is timed, counted by its route, and traced."""

from __future__ import annotations

from flask import Flask

from app.services import Services
from monitoring import web

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
    web.trace_requests(server, skip=_NOT_TRACED)
