"""Rules in Prometheus' own format: what is recorded and what alerts. A bad rule is a fault, never skipped."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from alerts.config import Duration, Strict, Texts, fault, read
from alerts.promql.errors import PromQLError
from alerts.promql.nodes import Expr
from alerts.promql.parse import parse
from alerts.templates.errors import TemplateError
from alerts.templates.prometheus import RuleTemplates

_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_DEFAULT_INTERVAL_MS = 15_000


_TEMPLATES = RuleTemplates()


def _query(text: str) -> str:
    try:
        kind = parse(text).kind
    except PromQLError as error:
        raise ValueError(str(error)) from None
    if kind not in ("vector", "scalar"):
        raise ValueError(f"a rule needs an instant vector or a number, not a {kind}")
    return text


def _labels(texts: dict[str, str]) -> dict[str, str]:
    for name in texts:
        if not _LABEL.fullmatch(name) or name == "__name__":
            raise ValueError(f"{name!r} can't be the name of a label")
    return texts


def _templates(texts: dict[str, str]) -> dict[str, str]:
    for name, text in texts.items():
        try:
            _TEMPLATES.check(text)
        except TemplateError as error:
            said = error.reason if error.line == 1 else str(error)
            raise fault(f"the template can't be read: {said}", name) from None
    return texts


Labelled = Annotated[Texts, AfterValidator(_labels)]
Templates = Annotated[Labelled, AfterValidator(_templates)]


class Rule(Strict):
    """A recording rule (`record`) or an alerting one (`alert`); durations in milliseconds."""

    record: str | None = None
    alert: str | None = None
    expr: Annotated[str, AfterValidator(_query)]
    hold: Duration = Field(0, alias="for")
    keep_firing_for: Duration = 0
    labels: Templates = Field(default_factory=dict)
    annotations: Templates = Field(default_factory=dict)

    @property
    def name(self) -> str:
        """What it records, or how its alert is called."""
        return self.record or self.alert or ""

    @cached_property
    def query(self) -> Expr:
        """The parsed expression."""
        return parse(self.expr)

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if bool(self.record) == bool(self.alert):
            raise ValueError("a rule has either `record` or `alert`")
        if self.record:
            if not _METRIC.fullmatch(self.record):
                raise ValueError(f"{self.record!r} can't be the name of a series")
            given = {"for", "keep_firing_for", "annotations"} & self._written()
            if given:
                raise ValueError(f"{', '.join(sorted(given))} belong to alerts, not to a recording rule")
        return self

    def _written(self) -> set[str]:
        return {"for" if name == "hold" else name for name in self.model_fields_set}


class Group(Strict):
    """Rules that are evaluated one after the other at the same instant."""

    name: Annotated[str, Field(min_length=1)]
    interval: Duration = _DEFAULT_INTERVAL_MS
    query_offset: Duration = 0
    limit: Annotated[int, Field(ge=0)] = 0
    labels: Labelled = Field(default_factory=dict)
    rules: list[Rule] = Field(default_factory=list)

    @model_validator(mode="after")
    def _no_doubles(self) -> Self:
        if self.interval == 0:
            raise ValueError("interval must be longer than 0")
        seen: set[Any] = set()
        for rule in self.rules:
            key = (rule.record, rule.alert, frozenset(rule.labels.items()))
            if key in seen and rule.record:
                raise ValueError(f"two rules of the group record {rule.name} with the same labels")
            seen.add(key)
        return self


class RuleFile(Strict):
    """A file of rules."""

    groups: list[Group] = Field(default_factory=list)

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        names = [group.name for group in self.groups]
        doubled = next((name for name in names if names.count(name) > 1), None)
        if doubled is not None:
            raise ValueError(f"two groups are called {doubled!r}")
        return self


def load_rules(path: Path) -> RuleFile:
    """The rules of a file; raises ConfigError with every fault's line."""
    return read(path, RuleFile)
