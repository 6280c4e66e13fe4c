"""Every request is timed and counted by its route."""

from __future__ import annotations

import time

from flask import Flask, Response, g, request

from app.services import Services

#: Routes that hold a connection open, or that only fetch files: their time says nothing about answers.
_NOT_TIMED = ("/assets/", "/_dash-component-suites/", "/api/dashboard/ws/")


def register(server: Flask, services: Services) -> None:
    """Feed the API metrics and the history of response times."""

    def start() -> None:
        g.started = time.perf_counter()

    server.before_request_funcs.setdefault(None, []).insert(0, start)

    @server.after_request
    def count(response: Response) -> Response:
        if request.path.startswith(_NOT_TIMED):
            return response
        seconds = time.perf_counter() - g.started
        rule = request.url_rule.rule if request.url_rule else "unknown"
        services.metrics.count_request(
            request.method if rule != "unknown" else "GET", rule, response.status_code, seconds
        )
        services.system.observe_request(seconds)
        return response
