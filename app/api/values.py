"""What the menus of the filter bar offer."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response, request

from app.api.describe import FILTERS, INTEGER, TEXT, Parameter, choice, endpoint, json_answer, listing, obj
from app.services import services
from data.filters import LISTS
from data.queries.values import values

blueprint = Blueprint("values", __name__)

_LONGEST_TEXT = 200


@endpoint(
    blueprint,
    "GET",
    "/api/values",
    "The values that the calls of a filter have, most calls first; the facet's own choice is left out of the filter",
    parameters=[
        *FILTERS,
        Parameter("facet", "Whose values.", TEXT | {"enum": list(LISTS), "default": "agent"}),
        Parameter("search", "Only values in which this text occurs."),
    ],
    answer=listing(obj(value=TEXT, calls=INTEGER)),
    errors=(400, 503),
)
def list_values() -> Response:
    parts = services()
    facet = choice("facet", "agent", LISTS) or "agent"
    search = request.args.get("search", "")[:_LONGEST_TEXT]
    page = parts.parse(request.args)
    # A range that ends now is another one each time; who opens a menu does not mind the last second.
    same = (page.range_from, page.range_to, replace(page.filter, start=None, end=None))
    found = parts.current(
        ("values", facet, search, same), lambda: values(parts.copy, page.filter, facet, search=search)
    )
    return json_answer([{"value": value, "calls": count} for value, count in found])
