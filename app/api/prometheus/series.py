"""Which series, labels and label values there are: /api/v1/series, labels, label/<name>/values."""

from __future__ import annotations

from typing import Any

from app.api.describe import TEXT, Parameter, listing
from app.api.prometheus import parameters
from app.api.prometheus.envelope import QueryFailed, limited, route, told
from app.api.prometheus.notation import FARTHEST_MS
from app.api.prometheus.turns import turn
from app.services import services
from data.samples.model import Labels

_PARAMETERS = (parameters.MATCH, parameters.START, parameters.END, parameters.LIMIT)
_NAME = Parameter("name", "The label.", where="path")


@route(
    "/api/v1/series",
    "The series that meet a selector",
    parameters=_PARAMETERS,
    data=listing({"type": "object", "additionalProperties": TEXT}),
    post=True,
)
def series() -> Any:
    if not parameters.selectors():
        raise QueryFailed("bad_data", "no match[] parameter provided")
    found, truncated = limited(sorted(_found(), key=lambda labels: sorted(labels.items())), parameters.limit())
    return told(found, truncated)


@route("/api/v1/labels", "The names of labels", parameters=_PARAMETERS, data=listing(TEXT), post=True)
def labels() -> Any:
    return _sorted({name for each in _found() for name in each})


@route("/api/v1/label/<name>/values", "The values of a label", parameters=(_NAME, *_PARAMETERS), data=listing(TEXT))
def values(name: str) -> Any:
    return _sorted({each[name] for each in _found() if name in each})


@route(
    "/api/v1/query_exemplars",
    "Exemplars of a query: none are kept, and Grafana asks for them beside each graph",
    parameters=(parameters.QUERY, parameters.START, parameters.END),
    data=listing({"type": "object"}),
    post=True,
)
def exemplars() -> Any:
    parameters.query()
    if parameters.instant("end", FARTHEST_MS) < parameters.instant("start", -FARTHEST_MS):
        raise parameters.bad("end", "end timestamp must not be before start timestamp")
    return []


def _sorted(texts: set[str]) -> Any:
    return told(*limited(sorted(texts), parameters.limit()))


def _found() -> list[Labels]:
    """The series that the request asks for, each once."""
    start, end = parameters.instant("start", -FARTHEST_MS), parameters.instant("end", FARTHEST_MS)
    found: dict[frozenset[tuple[str, str]], Labels] = {}
    with turn() as is_over:
        for matchers in parameters.selectors() or [()]:
            if is_over():
                raise QueryFailed("timeout", "the search for series timed out: ask for fewer selectors")
            for each in services().samples.label_sets(matchers, start, end):
                found[frozenset(each.items())] = each
    return list(found.values())
