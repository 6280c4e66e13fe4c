"""What answers have in common: bare JSON; an error is a text, or `{"code", "message"}` for what can't even be read."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import orjson
from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from alerts.dispatch.matchers import Matcher, parse
from app.api.body import read_body
from app.api.describe import Parameter
from app.api.errors import ApiError, request_id
from data.record import RecordFull, RecordUnavailable
from data.times import to_datetime

log = logging.getLogger(__name__)

blueprint = Blueprint("alertmanager", __name__)

FILTER = Parameter("filter", 'A matcher such as severity="critical"; repeat it for several, all of which must hold.')
#: Of requests that never reached what they were for, Alertmanager says the status again.
_UNAVAILABLE = "the call record does not answer"


class Refused(Exception):
    """An error for the client: its text."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Malformed(Refused):
    """What was sent does not have the form that it must have; `code` says which rule of the form is broken."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(status, message)
        self.code = code


def answer(content: Any, status: int = 200) -> Response:
    """Content as JSON."""
    response = Response(orjson.dumps(content) + b"\n", status=status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def empty(status: int = 200) -> Response:
    """An answer without content."""
    return Response(b"", status=status)


def moment(millis: int) -> str:
    """An instant as Alertmanager writes it."""
    at = to_datetime(millis * 1000)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def matchers() -> list[Matcher]:
    """The matchers of the request."""
    found: list[Matcher] = []
    for text in request.args.getlist("filter"):
        try:
            found += parse(text)
        except ValueError:
            raise Refused(400, f"bad matcher format: {text}") from None
    return found


def meets(conditions: Sequence[Matcher], labels: dict[str, str]) -> bool:
    """Whether labels meet the request's matchers; one against an empty text asks whether there is such a label."""
    for each in conditions:
        negative = each.op in ("!=", "!~")
        if each.value == "" and (each.name in labels) == negative:
            continue
        if not each.matches(labels):
            return False
    return True


def body() -> Any:
    """The JSON that was sent."""
    if request.mimetype != "application/json":
        message = f'unsupported media type "{request.mimetype}", only [application/json] are allowed'
        raise Malformed(415, 415, message)
    try:
        return orjson.loads(read_body())
    except orjson.JSONDecodeError as error:
        raise Malformed(400, 400, f'parsing body from "" failed, because {error}') from None


@blueprint.errorhandler(Exception)
def _failed(error: Exception) -> Response:
    if isinstance(error, Malformed):
        response = answer({"code": error.code, "message": error.message}, error.status)
        response.set_data(response.get_data().rstrip())
        return response
    if isinstance(error, Refused):
        return answer(error.message, error.status)
    if isinstance(error, ApiError):
        return answer({"code": error.status, "message": error.message}, error.status)
    if isinstance(error, HTTPException):
        status = error.code or 500
        return answer({"code": status, "message": error.description or error.name}, status)
    if isinstance(error, RecordUnavailable | RecordFull | TimeoutError):
        log.error("the database is away: %s", error, extra={"request_id": request_id()})
        return answer(_UNAVAILABLE, 503)
    log.error("unexpected error", exc_info=error, extra={"request_id": request_id()})
    return answer("something went wrong here; the log has the details", 500)
