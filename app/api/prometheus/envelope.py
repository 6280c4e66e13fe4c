"""What is around every answer: `{"status": "success", "data": ...}`, or an error in Prometheus' own shape."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal, TypeVar

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from app.api.describe import TEXT, Parameter, Schema, endpoint, json_answer, listing, obj
from app.api.errors import ApiError
from app.services import services
from monitoring.tracing import mark_failed

log = logging.getLogger(__name__)

blueprint = Blueprint("prometheus", __name__)

Kind = Literal["bad_data", "execution", "timeout", "internal"]
_STATUS: dict[Kind, int] = {"bad_data": 400, "execution": 422, "timeout": 503, "internal": 500}
_ERROR = obj(status={"const": "error"}, errorType=TEXT, error=TEXT)
#: Thousands of selectors; the longest query has a tenth of it.
_MOST_BYTES = 100_000
_TRUNCATED = "results truncated due to limit"
Item = TypeVar("Item")


class QueryFailed(Exception):
    """An error for the client."""

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(message)
        self.kind, self.message = kind, message


@dataclass(frozen=True, slots=True)
class Warned:
    """Data that come with a warning."""

    data: Any
    warning: str


def limited(found: Sequence[Item], limit: int) -> tuple[Sequence[Item], bool]:
    """At most `limit` items (0: all of them), and whether some are left out."""
    return (found[:limit], True) if 0 < limit < len(found) else (found, False)


def told(data: Any, truncated: bool) -> Any:
    """The data, with the warning that they are not all."""
    return Warned(data, _TRUNCATED) if truncated else data


def route(
    path: str, summary: str, *, data: Schema, parameters: Sequence[Parameter] = (), post: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """Route and describe a view that returns data; `post`: parameters may come as a form, too."""
    answer = obj(status={"const": "success"}, data=data)
    answer["properties"]["warnings"] = listing(TEXT)

    def register(view: Callable[..., Any]) -> Callable[..., Response]:
        @wraps(view)
        def enveloped(**path_parameters: str) -> Response:
            request.max_content_length = _MOST_BYTES
            found = view(**path_parameters)
            if isinstance(found, Warned):
                return json_answer({"status": "success", "data": found.data, "warnings": [found.warning]})
            return json_answer({"status": "success", "data": found})

        for method in ("GET", "POST") if post else ("GET",):
            endpoint(
                blueprint,
                method,
                path,
                summary,
                parameters=parameters,
                answer=answer,
                errors=tuple(_STATUS.values()),
                error=_ERROR,
            )(enveloped)
        return enveloped

    return register


@blueprint.errorhandler(Exception)
def _failed(error: Exception) -> Response:
    if isinstance(error, QueryFailed):
        return _error(error.kind, error.message, _STATUS[error.kind])
    if isinstance(error, ApiError):
        return _error(error.code, error.message, error.status)
    if isinstance(error, HTTPException):
        return _error("bad_data", error.description or error.name, error.code or 400)
    mark_failed(error)
    log.error("unexpected error", exc_info=error)
    return _error("internal", "something went wrong here; the log has the details", 500)


def _error(kind: str, message: str, status: int) -> Response:
    services().metrics.count_error(f"query_{kind}")
    return json_answer({"status": "error", "errorType": kind, "error": message}, status)
