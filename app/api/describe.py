"""An endpoint and its description are written in one place; /api/openapi.json is made from the descriptions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson
from flask import Blueprint, Response, request

from app.api.errors import ApiError
from data.callsets import CALL_SETS
from data.filters import LISTS
from data.repeats import AGAIN

Schema = dict[str, Any]
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the query string (or of the path)."""

    name: str
    description: str
    schema: Schema = field(default_factory=lambda: {"type": "string"})
    where: str = "query"


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    summary: str
    parameters: Sequence[Parameter]
    body: Schema | None
    answer: Schema
    status: int
    errors: Sequence[int]
    error: Schema


OPERATIONS: list[Operation] = []
_ERROR: Schema = {"$ref": "#/components/schemas/Error"}


def endpoint(
    blueprint: Blueprint,
    method: str,
    path: str,
    summary: str,
    *,
    answer: Schema,
    parameters: Sequence[Parameter] = (),
    body: Schema | None = None,
    status: int = 200,
    errors: Sequence[int] = (),
    error: Schema = _ERROR,
) -> Callable[[View], View]:
    """Route a view and describe it."""
    OPERATIONS.append(Operation(method, path, summary, parameters, body, answer, status, errors, error))

    def register(view: View) -> View:
        blueprint.add_url_rule(path, view_func=view, methods=[method])
        return view

    return register


def json_answer(content: Any, status: int = 200) -> Response:
    """Content as a JSON response that no cache keeps."""
    body = orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)
    response = Response(body, status=status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def whole_number(name: str, default: int, least: int, most: int) -> int:
    """A whole number of the query string; an ApiError names it otherwise."""
    text = request.args.get(name)
    if text is None:
        return default
    # int() also takes "1_0" and other digits than 0 to 9.
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
        raise ApiError(400, "bad_parameter", f"{name}: must be a whole number from {least} to {most}")
    return int(text)


def choice(name: str, default: str | None, known: Sequence[str]) -> str | None:
    """One of the known words of the query string; an ApiError names it otherwise."""
    text = request.args.get(name, default)
    if text is not None and text not in known:
        raise ApiError(400, "bad_parameter", f"{name}: must be one of {', '.join(known)}")
    return text


def obj(**properties: Schema) -> Schema:
    """Schema of an object that has all of these properties."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def listing(items: Schema) -> Schema:
    """Schema of a list."""
    return {"type": "array", "items": items}


TEXT: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
MAYBE_NUMBER: Schema = {"type": ["number", "null"]}
MAYBE_TEXT: Schema = {"type": ["string", "null"]}
INSTANT: Schema = {"type": "string", "format": "date-time"}
_START = "Start: ISO-8601, or relative such as now-24h or now/d."
FILTERS: tuple[Parameter, ...] = (
    Parameter("from", f"{_START} Default: now-24h."),
    Parameter("to", "End (exclusive), written like `from`. Default: now."),
    Parameter("zone", "IANA time zone of naive times and of days. Default: the server's TIMEZONE."),
    *(
        Parameter(name, f"Only calls with this {name}; repeat the key for any of several.", listing(TEXT))
        for name in LISTS
    ),
    *(
        Parameter(name, f"Only calls with this {name}{text}; repeat the key for any of several.", listing(INTEGER))
        for name, text in (("weekday", " (0 = Monday) in the zone"), ("hour", " in the zone"), ("csat", ", rounded"))
    ),
    Parameter("again", "Only calls whose caller called again so soon.", TEXT | {"enum": list(AGAIN)}),
    Parameter("min_duration", "Only calls of at least so many seconds.", NUMBER),
    Parameter("max_duration", "Only calls of fewer seconds than this.", NUMBER),
    Parameter("min_wait", "Only calls whose caller waited at least so many seconds.", NUMBER),
    Parameter("max_wait", "Only calls whose caller waited fewer seconds than this.", NUMBER),
    Parameter("min_latency", "Only calls with an end-to-end latency of at least so many milliseconds.", NUMBER),
    Parameter("max_latency", "Only calls with an end-to-end latency below this, in milliseconds.", NUMBER),
    Parameter("at", "Only calls that were going on at this instant, written like `from`."),
    Parameter(
        "of", "Only calls of this set; repeat the key for those of all.", listing(TEXT | {"enum": list(CALL_SETS)})
    ),
    Parameter("q", "Only calls in whose id, agent, queue, end reason or last two digits this text occurs."),
)
#: Where calls are listed, a range is one filter among others.
LIST_FILTERS: tuple[Parameter, ...] = (Parameter("from", f"{_START} Default: all calls."), *FILTERS[1:])
