"""Parameters of requests, from the query string or a form; a bad one is an error that names it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import request

from alerts.promql import Expr, PromQLError, parse
from alerts.promql.nodes import Selector
from app.api.describe import Parameter
from app.api.prometheus.envelope import QueryFailed
from app.api.prometheus.notation import read_instant, read_span
from data.samples.model import Matcher
from data.times import now_micros

Value = TypeVar("Value")

QUERY = Parameter("query", "PromQL.")
START = Parameter("start", "First instant: seconds since 1970, or RFC 3339.")
END = Parameter("end", "Last instant.")
MATCH = Parameter("match[]", "Only series that meet this selector; repeat it for those of any.")
LIMIT = Parameter("limit", "The most items to answer; 0: all.")


def bad(name: str, reason: str) -> QueryFailed:
    """The error for a parameter."""
    return QueryFailed("bad_data", f'invalid parameter "{name}": {reason}')


def instant(name: str, default: int | None) -> int:
    """An instant, milliseconds; one without a default has to be given."""
    return _read(name, default, read_instant, "timestamp")


def now() -> int:
    """The present, milliseconds."""
    return now_micros() // 1000


def span(name: str, default: int | None) -> int:
    """A span of time, milliseconds; one without a default has to be given."""
    return _read(name, default, read_span, "duration")


def _read(name: str, default: Value | None, read: Callable[[str], Value], what: str) -> Value:
    text = request.values.get(name, "")
    if not text and default is not None:
        return default
    try:
        return read(text)
    except (ValueError, OverflowError):
        raise bad(name, f'cannot parse "{text[:100]}" to a valid {what}') from None


def limit(name: str = "limit") -> int:
    """How many items are wanted; 0: all."""
    found = _read(name, 0, int, "number")
    if found < 0:
        raise bad(name, "limit must be non-negative")
    return found


def query() -> Expr:
    """The query, parsed."""
    try:
        return parse(request.values.get("query", ""))
    except PromQLError as error:
        raise bad("query", str(error)) from None


def selectors() -> list[tuple[Matcher, ...]]:
    """The matchers of each selector that is given."""
    return [_selector(text) for text in request.values.getlist("match[]")]


def _selector(text: str) -> tuple[Matcher, ...]:
    try:
        root = parse(text).root
    except PromQLError as error:
        raise bad("match[]", str(error)) from None
    if not isinstance(root, Selector) or root.offset or root.at is not None:
        raise bad("match[]", f"not a selector of series: {text[:100]}")
    return root.matchers
