"""The templates of rules' labels and annotations, with the functions that Prometheus gives them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import quote_plus, urlsplit

from alerts.config import milliseconds
from alerts.templates import humanize
from alerts.templates.calling import Callee, callees
from alerts.templates.execution import Expanded, Functions, expanded_text, parsed
from alerts.templates.texts import SHARED, title_keeping
from alerts.templates.times import SECOND, nanoseconds
from alerts.templates.values import Strings, Struct

#: Answers a query of a template with samples; raises ValueError.
Query = Callable[[str], Iterable[tuple[Mapping[str, str], float]]]
#: What answers `query` in the text that is being filled in.
_QUERY: ContextVar[Query | None] = ContextVar("query", default=None)
_HOST_PORT = re.compile(r"(?:\[(?P<inside>[^\[\]]*)\]|(?P<host>[^\[\]:]*)):(?P<port>[^\[\]:]*)")
_VARIABLES = {
    "$labels": "{{$labels := .Labels}}",
    "$externalLabels": "{{$externalLabels := .ExternalLabels}}",
    "$externalURL": "{{$externalURL := .ExternalURL}}",
    "$value": "{{$value := .Value}}",
}


def _variables(text: str) -> str:
    """What makes known those variables that a text may use."""
    return "".join(made for name, made in _VARIABLES.items() if name in text)


@dataclass(frozen=True, slots=True)
class Sample(Struct):
    """A series' value that a query found."""

    go_type: ClassVar[str] = "template.sample"
    labels: Strings
    value: float


class Samples(tuple[Sample, ...]):
    """What a query found."""

    __slots__ = ()
    go_type = "template.queryResult"


@dataclass(frozen=True, slots=True)
class RuleData(Struct):
    """An alert's labels and value."""

    labels: Strings
    external_labels: Strings
    external_url: str
    value: float


class RuleTemplates:
    """Expands the labels and annotations of rules.

    external_labels, external_url: of this installation; now: the present with its zone.
    """

    def __init__(
        self,
        external_labels: Mapping[str, str] | None = None,
        external_url: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._external_labels, self._external_url = Strings(external_labels or {}), external_url
        self._functions = Functions(_functions(external_url, now))

    def check(self, text: str) -> None:
        """Raise TemplateError for a text that is no template, whatever it would be filled in with."""
        parsed(_variables(text) + text, self._functions)

    def expand(self, text: str, labels: Mapping[str, str], value: float, query: Query | None = None) -> Expanded:
        """A text filled in; where that fails the text as it is and the error. Without `query` such is an error."""
        data = RuleData(Strings(labels), self._external_labels, self._external_url, value)
        token = _QUERY.set(query)
        try:
            return expanded_text(text, data, self._functions, {}, before=_variables(text))
        finally:
            _QUERY.reset(token)


def _functions(external_url: str, now: Callable[[], datetime]) -> dict[str, Callee]:
    def run(text: str) -> Samples:
        query = _QUERY.get()
        if query is None:
            raise ValueError("queries are not available here")
        return Samples(Sample(Strings(labels), value) for labels, value in query(text))

    def seconds() -> float:
        return nanoseconds(now()) / SECOND

    def path() -> str:
        return urlsplit(external_url).path

    def address() -> str:
        return external_url

    return callees(
        SHARED
        | {
            "args": _args,
            "externalURL": address,
            "first": _first,
            "graphLink": _graph_link,
            "humanize": humanize.humanize,
            "humanize1024": humanize.humanize1024,
            "humanizeDuration": humanize.humanize_duration,
            "humanizePercentage": humanize.humanize_percentage,
            "humanizeTimestamp": humanize.humanize_timestamp,
            "label": _label,
            "now": seconds,
            "parseDuration": _parse_duration,
            "pathPrefix": path,
            "query": run,
            "sortByLabel": _sort_by_label,
            "stripDomain": _strip_domain,
            "stripPort": _strip_port,
            "strvalue": _strvalue,
            "tableLink": _table_link,
            "title": title_keeping,
            "toDuration": humanize.to_duration,
            "toTime": humanize.to_time,
            "value": _value,
        }
    )


def _args(*values: Any) -> dict[str, Any]:
    return {f"arg{index}": value for index, value in enumerate(values)}


def _first(found: Samples) -> Sample:
    if not found:
        raise ValueError("first: the query found nothing")
    return found[0]


def _label(name: str, sample: Sample) -> str:
    return sample.labels.get(name, "")


def _value(sample: Sample) -> float:
    return sample.value


def _strvalue(sample: Sample) -> str:
    return sample.labels.get("__value__", "")


def _sort_by_label(name: str, found: Samples) -> Samples:
    return Samples(sorted(found, key=lambda sample: sample.labels.get(name, "")))


def _graph_link(expression: str) -> str:
    return f"/graph?g0.expr={quote_plus(expression, errors='replace')}&g0.tab=0"


def _table_link(expression: str) -> str:
    return f"/graph?g0.expr={quote_plus(expression, errors='replace')}&g0.tab=1"


def _parse_duration(text: str) -> float:
    return milliseconds(text) / 1000


def _split(host_port: str) -> tuple[str, str]:
    """Host and port; everything and no port if there is none."""
    found = _HOST_PORT.fullmatch(host_port)
    return (found["inside"] if found["host"] is None else found["host"], found["port"]) if found else (host_port, "")


def _strip_port(host_port: str) -> str:
    return _split(host_port)[0]


def _strip_domain(host_port: str) -> str:
    host, port = _split(host_port)
    try:
        ipaddress.ip_address(host)
    except ValueError:
        host = host.split(".")[0]
        shown = f"[{host}]" if ":" in host else host
        return f"{shown}:{port}" if port else host
    return host_port
