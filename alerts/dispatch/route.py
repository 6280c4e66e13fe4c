"""Which routes take an alert: a search through the tree, depth first and left to right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from alerts.dispatch.config import ALL_LABELS, RouteConfig
from alerts.dispatch.matchers import Matcher, matches, written
from data.samples.model import Labels


@dataclass(frozen=True, slots=True)
class Route:
    """A node with all that it inherits; durations in milliseconds.

    `key` is as Alertmanager writes it and may be that of two routes; `place` (indices from the root) is of one only.
    """

    key: str
    place: tuple[int, ...]
    matchers: tuple[Matcher, ...]
    receiver: str
    group_by: frozenset[str]
    by_all: bool
    group_wait: int
    group_interval: int
    repeat_interval: int
    mute_time_intervals: tuple[str, ...]
    active_time_intervals: tuple[str, ...]
    goes_on: bool
    routes: list[Route] = field(default_factory=list)

    def match(self, labels: Labels) -> list[Route]:
        """The routes that take an alert with these labels; empty if this one does not match."""
        if not matches(self.matchers, labels):
            return []
        found: list[Route] = []
        for route in self.routes:
            below = route.match(labels)
            found += below
            if below and not route.goes_on:
                break
        return found or [self]

    def group_labels(self, labels: Labels) -> dict[str, str]:
        """The labels by which this route groups an alert."""
        return {name: value for name, value in sorted(labels.items()) if self.by_all or name in self.group_by}

    def walk(self) -> Iterator[Route]:
        """This route and all below, depth first."""
        yield self
        for route in self.routes:
            yield from route.walk()


_ROOT = Route("", (), (), "", frozenset(), False, 30_000, 300_000, 14_400_000, (), (), False)


def tree(config: RouteConfig) -> Route:
    """The tree of routes of a configuration."""
    return _made(config, _ROOT, ())


def _made(config: RouteConfig, above: Route, place: tuple[int, ...]) -> Route:
    key = written(config.conditions)
    own = set(config.group_by) - {ALL_LABELS}
    by_all = ALL_LABELS in config.group_by
    made = Route(
        f"{above.key}/{key}" if above.key else key,
        place,
        config.conditions,
        config.receiver or above.receiver,
        frozenset(own) if own else above.group_by,
        by_all or (above.by_all and not own),
        above.group_wait if config.group_wait is None else config.group_wait,
        above.group_interval if config.group_interval is None else config.group_interval,
        above.repeat_interval if config.repeat_interval is None else config.repeat_interval,
        tuple(config.mute_time_intervals),
        tuple(config.active_time_intervals),
        config.goes_on,
    )
    made.routes.extend(_made(each, made, (*place, index)) for index, each in enumerate(config.routes))
    return made
