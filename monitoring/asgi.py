"""Requests to an ASGI app (FastAPI, Starlette): timed and counted by route; and its metrics page."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from opentelemetry import trace

from monitoring.exposition import Page, url_of
from monitoring.metrics import UNKNOWN_ROUTE, RecordRequest, method_of
from monitoring.tracing import flush

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def instrument(app: Any, record: RecordRequest, page: Page, metrics_path: str | None) -> Any:
    """Measure and trace an app: in place if it takes middleware, else by wrapping it."""
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware

    traced: dict[str, Any] = {"excluded_urls": url_of(metrics_path) if metrics_path else None}
    traced["exclude_spans"] = ["receive", "send"]
    measured: dict[str, Any] = {"record": record, "page": page, "metrics_path": metrics_path}
    if hasattr(app, "add_middleware"):
        # The last one added is the first to run.
        app.add_middleware(Measured, **measured)
        app.add_middleware(OpenTelemetryMiddleware, **traced)
        return app
    return OpenTelemetryMiddleware(Measured(app, **measured), **traced)


class Measured:
    """ASGI middleware around an app: counts its requests, and answers `metrics_path` with the exposition."""

    def __init__(self, app: Application, record: RecordRequest, page: Page, metrics_path: str | None) -> None:
        self._app, self._record, self._page, self._metrics_path = app, record, page, metrics_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, or the whole life of the app."""
        if scope["type"] == "lifespan":
            try:
                await self._app(scope, receive, send)
            finally:
                # uvicorn ends by the signal that it got, which runs no exit handlers.
                flush()
        elif scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] == self._metrics_path and scope["method"] == "GET":
            await self._answer_metrics(scope, send)
        else:
            await self._measure(scope, receive, send)

    async def _measure(self, scope: Scope, receive: Receive, send: Send) -> None:
        started, root = time.perf_counter(), scope.get("root_path", "")
        status, answered = 500, None

        async def watched(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status, answered = message["status"], time.perf_counter()
                _name_span(scope, root)
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            _name_span(scope, root)
            raise
        finally:
            route = route_of(scope, root)
            method = method_of(scope["method"], route)
            self._record(method, route, status, (answered or time.perf_counter()) - started)

    async def _answer_metrics(self, scope: Scope, send: Send) -> None:
        accept = {name: value.decode("latin-1") for name, value in scope["headers"]}
        # Writing 10,000 series takes a while: other requests go on meanwhile.
        body, content_type = await asyncio.to_thread(self._page, accept.get(b"accept", ""))
        headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _name_span(scope: Scope, root: str) -> None:
    """Name the request's span by its route: the path in its place would give a name to every id."""
    span, route = trace.get_current_span(), route_of(scope, root)
    if span.is_recording() and route != UNKNOWN_ROUTE:
        span.update_name(f"{scope['method']} {route}")
        span.set_attribute("http.route", route)


def route_of(scope: Scope, root: str) -> str:
    """The pattern of the route that a request was handed to, below the root path that it came with."""
    route = scope.get("route")
    if route is None:
        # Older Starlette names it in the app's routes only.
        endpoint = scope.get("endpoint")
        routes = getattr(scope.get("app"), "routes", ())
        route = next((r for r in routes if endpoint is not None and getattr(r, "endpoint", None) is endpoint), None)
    # Where FastAPI includes a router, the route itself does not know the prefix.
    included = scope.get("fastapi", {}).get("effective_route_context")
    if included is not None and included.original_route is route:
        route = included
    path = getattr(route, "path", None)
    if path is None:
        return UNKNOWN_ROUTE
    # A mount that handed the request to something without routes, such as a folder of files, is the last one itself.
    return _mounts(scope, root) + ("" if hasattr(route, "routes") else str(path))


def _mounts(scope: Scope, root: str) -> str:
    """The pattern of the mounts on the way to the route; the scope has only the path that they took away."""
    mounted = scope.get("root_path", "").removeprefix(root)
    if not mounted:
        return ""
    names: dict[str, str] = {}
    for name, value in scope.get("path_params", {}).items():
        names.setdefault(str(value), f"{{{name}}}")
    return "/".join(names.get(part, part) for part in mounted.split("/"))
