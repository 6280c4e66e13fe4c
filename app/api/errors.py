"""The maker of error bodies: `{"error": {"code", "message", "request_id"}}`.

Only what speaks for another program (app/api/prometheus) answers errors in that one's shape.
"""

from __future__ import annotations

import contextlib
import logging
import re
import secrets

import orjson
from dash.exceptions import DependencyException
from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from app.filters import BadFilter
from app.services import services
from data.access.sessions import SessionsAway
from data.ingest import Overloaded
from data.record import RecordFull, RecordUnavailable
from data.times import TooManyBuckets
from monitoring.tracing import mark_failed

log = logging.getLogger(__name__)


class ApiError(Exception):
    """An answer that is an error: HTTP status, a code for programs, a message for people."""

    def __init__(self, status: int, code: str, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.retry_after = status, code, message, retry_after


def request_id() -> str:
    """The id of this request: the client's X-Request-ID where it is a plain word, else a new one."""
    if "request_id" not in g:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if re.fullmatch(r"[\w.-]{1,64}", given) else secrets.token_hex(8)
    return str(g.request_id)


def told_path() -> str:
    """The path of this request for logs and traces: of a link that holds a secret, its route."""
    rule = request.url_rule
    return rule.rule if rule is not None and rule.arguments & {"secret", "token"} else request.path


def error_response(status: int, code: str, message: str, *, retry_after: int | None = None) -> Response:
    """The error as a response."""
    services().metrics.count_error(code)
    body = {"error": {"code": code, "message": message, "request_id": request_id()}}
    response = Response(orjson.dumps(body), status=status, mimetype="application/json")
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def no_endpoint() -> ApiError:
    """The answer to an unknown path under /api."""
    return ApiError(404, "not_found", "There is no such endpoint; /api/openapi.json lists them.")


def not_here() -> Response:
    """The answer to a GET that no endpoint takes: it may be for a path that takes something else."""
    adapter = current_app.create_url_adapter(request)
    assert adapter is not None
    with contextlib.suppress(HTTPException):
        adapter.match(websocket=True)
        response = error_response(426, "upgrade_required", "This address speaks WebSocket only.")
        response.headers["Upgrade"] = "websocket"
        return response
    others = set(adapter.allowed_methods()) - {"GET", "HEAD", "OPTIONS"}
    return answer_error(MethodNotAllowed([*sorted(others), "OPTIONS"]) if others else no_endpoint())


def _is_nowhere(error: MethodNotAllowed) -> bool:
    """Whether the path is known only to the route that takes whatever is left."""
    adapter = current_app.create_url_adapter(request)
    methods = [m for m in error.valid_methods or () if m not in ("HEAD", "OPTIONS")]
    return adapter is not None and all(adapter.match(method=method)[0] == "unknown" for method in methods)


def answer_error(error: Exception) -> Response:
    """Any exception as a response."""
    if isinstance(error, ApiError):
        return error_response(error.status, error.code, error.message, retry_after=error.retry_after)
    if isinstance(error, BadFilter | TooManyBuckets):
        return error_response(400, "bad_parameter", str(error))
    if isinstance(error, Overloaded):
        message = "Too many calls are waiting to be written; nothing of this request was stored."
        return error_response(503, "overloaded", message, retry_after=error.retry_after)
    if isinstance(error, RecordFull):
        mark_failed(error)
        log.error("the database is full: %s", error)
        return error_response(507, "storage_full", "The disk of the call record is full; nothing was stored.")
    if isinstance(error, SessionsAway):
        mark_failed(error)
        log.error("nobody can be recognised: %s", error)
        message = "Redis, which keeps the sessions, does not answer: nobody can be recognised or sign in until it does."
        return error_response(503, "sessions_unavailable", message, retry_after=2)
    if isinstance(error, RecordUnavailable | TimeoutError):
        mark_failed(error)
        log.error("the database is away: %s", error)
        return error_response(503, "database_unavailable", "The call record does not answer.", retry_after=2)
    if isinstance(error, MethodNotAllowed) and _is_nowhere(error):
        return answer_error(no_endpoint())
    if isinstance(error, DependencyException):
        return error_response(404, "not_found", "There is no such file.")
    if request.path.startswith("/_dash-") and not isinstance(error, HTTPException):
        # A callback's own failure is caught by Dash(on_error=...): what comes here could not even be read.
        log.warning("a request to Dash could not be read: %s: %s", type(error).__name__, error)
        return error_response(400, "bad_request", "This request could not be read.")
    if isinstance(error, HTTPException):
        status = error.code or 500
        response = error_response(status, error.name.lower().replace(" ", "_"), error.description or error.name)
        if isinstance(error, MethodNotAllowed):
            response.allow.update(error.valid_methods or ())
        return response
    mark_failed(error)
    log.error("unexpected error", exc_info=error, extra={"path": told_path()})
    return error_response(500, "internal_error", "Something went wrong here; the log has the details.")


def register(server: Flask) -> None:
    """Answer every exception outside Dash's own callbacks with the one error shape."""
    server.register_error_handler(Exception, answer_error)

    @server.after_request
    def name_request(response: Response) -> Response:
        response.headers["X-Request-ID"] = request_id()
        return response
