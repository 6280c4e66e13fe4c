"""Alertmanager's configuration file: who is told about what. A part that is not known is a fault, never skipped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, PlainValidator, model_validator

from alerts.config import Duration, Texts, fault, read
from alerts.dispatch.integrations import Global, Integration, integrations
from alerts.dispatch.matchers import Matcher, ordered, parse
from alerts.dispatch.receivers import Receiver
from alerts.dispatch.section import Section
from alerts.dispatch.timeintervals import NamedIntervals

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
#: In group_by: by all labels.
ALL_LABELS = "..."

Place = tuple[str | int, ...]


def _matchers(content: Any) -> list[Matcher]:
    if not isinstance(content, list):
        raise ValueError("not a list of matchers")
    found: list[Matcher] = []
    for place, line in enumerate(content):
        if not isinstance(line, str):
            raise fault("not a matcher", place)
        try:
            found += parse(line)
        except ValueError as error:
            raise fault(str(error), place) from None
    return found


#: Texts such as severity="critical", each with one matcher or several.
Matchers = Annotated[list[Matcher], PlainValidator(_matchers)]


def _labels(texts: dict[str, str]) -> dict[str, str]:
    for name in texts:
        _label(name)
    return texts


def _label(name: str) -> str:
    if not _LABEL.fullmatch(name):
        raise ValueError(f"{name[:40]!r} can't be the name of a label")
    return name


def _patterns(texts: dict[str, str]) -> dict[str, str]:
    for name, pattern in texts.items():
        Matcher(name, "=~", pattern)
    return texts


#: Label names and their values.
Equals = Annotated[Texts, AfterValidator(_labels)]
#: Label names and regular expressions.
Patterns = Annotated[Texts, AfterValidator(_labels), AfterValidator(_patterns)]


def _conditions(equal: dict[str, str], patterns: dict[str, str], matchers: list[Matcher]) -> tuple[Matcher, ...]:
    made = [Matcher(name, "=", value) for name, value in equal.items()]
    made += [Matcher(name, "=~", value) for name, value in patterns.items()]
    return ordered([*made, *matchers])


class RouteConfig(Section):
    """A node of the tree of routes; durations in milliseconds, None = as the node above."""

    receiver: str = ""
    group_by: list[str] = Field(default_factory=list)
    match: Equals = Field(default_factory=dict)
    match_re: Patterns = Field(default_factory=dict)
    matchers: Matchers = Field(default_factory=list)
    mute_time_intervals: list[str] = Field(default_factory=list)
    active_time_intervals: list[str] = Field(default_factory=list)
    goes_on: bool = Field(False, alias="continue")
    routes: list[RouteConfig] = Field(default_factory=list)
    group_wait: Duration | None = None
    group_interval: Duration | None = None
    repeat_interval: Duration | None = None

    @property
    def conditions(self) -> tuple[Matcher, ...]:
        """What an alert has to meet, in Alertmanager's order."""
        return _conditions(self.match, self.match_re, self.matchers)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        for place, name in enumerate(self.group_by):
            if name != ALL_LABELS and not _LABEL.fullmatch(name):
                raise fault(f"{name[:40]!r} can't be the name of a label", "group_by", place)
            if self.group_by.count(name) > 1 and name != ALL_LABELS:
                raise fault(f"{name!r} stands twice in group_by", "group_by", place)
            if name == ALL_LABELS and set(self.group_by) != {ALL_LABELS}:
                raise fault(f"{ALL_LABELS} groups by all labels: no other can stand beside it", "group_by", place)
        for field in ("group_interval", "repeat_interval"):
            if getattr(self, field) == 0:
                raise fault(f"{field} must be longer than 0", field)
        return self

    def walk(self, *place: str | int) -> Iterator[tuple[Place, RouteConfig]]:
        """This node and all below with their places, depth first."""
        yield place, self
        for index, route in enumerate(self.routes):
            yield from route.walk(*place, "routes", index)


class InhibitRule(Section):
    """While an alert meets the source's conditions, those that meet the target's and are equal in `equal` are muted."""

    source_match: Equals = Field(default_factory=dict)
    source_match_re: Patterns = Field(default_factory=dict)
    source_matchers: Matchers = Field(default_factory=list)
    target_match: Equals = Field(default_factory=dict)
    target_match_re: Patterns = Field(default_factory=dict)
    target_matchers: Matchers = Field(default_factory=list)
    equal: list[Annotated[str, AfterValidator(_label)]] = Field(default_factory=list)

    @property
    def source(self) -> tuple[Matcher, ...]:
        """What the muting alert has to meet."""
        return _conditions(self.source_match, self.source_match_re, self.source_matchers)

    @property
    def target(self) -> tuple[Matcher, ...]:
        """What the muted alert has to meet."""
        return _conditions(self.target_match, self.target_match_re, self.target_matchers)


class Config(Section):
    """The whole file."""

    common: Global = Field(default_factory=Global, alias="global")
    route: RouteConfig
    inhibit_rules: list[InhibitRule] = Field(default_factory=list)
    receivers: list[Receiver] = Field(default_factory=list)
    templates: list[str] = Field(default_factory=list)
    mute_time_intervals: list[NamedIntervals] = Field(default_factory=list)
    time_intervals: list[NamedIntervals] = Field(default_factory=list)

    @property
    def intervals(self) -> dict[str, NamedIntervals]:
        """All named intervals."""
        return {each.name: each for each in [*self.mute_time_intervals, *self.time_intervals]}

    def integrations(self, receiver: str) -> list[Integration]:
        """The ways in which a receiver is told; KeyError if there is none of this name."""
        return {each.name: integrations(each, self.common) for each in self.receivers}[receiver]

    @model_validator(mode="after")
    def _sound_root(self) -> Self:
        root = self.route
        if not root.receiver:
            raise fault("the first route must name a receiver: it gets what no other route takes", "route")
        given = [name for name in ("match", "match_re", "matchers") if getattr(root, name)]
        given += [name for name in ("mute_time_intervals", "active_time_intervals") if getattr(root, name)]
        given += ["continue"] if root.goes_on else []
        if given:
            raise fault(f"the first route is for every alert at every time: no {given[0]} there", "route", given[0])
        return self

    @model_validator(mode="after")
    def _names(self) -> Self:
        for field in ("receivers", "mute_time_intervals", "time_intervals"):
            names = [each.name for each in getattr(self, field)]
            for index, name in enumerate(names):
                if name in names[:index] or (field == "time_intervals" and self._mutes(name)):
                    raise fault(f"the name {name!r} is taken", field, index, "name")
        receivers = {each.name for each in self.receivers}
        for place, route in self.route.walk("route"):
            if route.receiver and route.receiver not in receivers:
                raise fault(f"no receiver is called {route.receiver!r}", *place, "receiver")
            for field in ("mute_time_intervals", "active_time_intervals"):
                for index, name in enumerate(getattr(route, field)):
                    if name not in self.intervals:
                        raise fault(f"no time interval is called {name!r}", *place, field, index)
        return self

    def _mutes(self, name: str) -> bool:
        return any(each.name == name for each in self.mute_time_intervals)

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        for place, receiver in enumerate(self.receivers):
            for way in integrations(receiver, self.common):
                if missing := way.missing():
                    raise fault(missing, "receivers", place, f"{way.kind}_configs", way.index)
        return self


def load_config(path: Path) -> Config:
    """The content of a file, its templates' paths counted from its folder; ConfigError with every fault's line."""
    config = read(path, Config)
    return config.model_copy(update={"templates": [str(path.parent / each) for each in config.templates]})
