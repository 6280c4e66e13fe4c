"""Business metrics that a backend defines by name: bounded, and never in its way."""

from __future__ import annotations

import logging
import math
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from monitoring.bounds import OTHER, Budget, is_unicode, label

log = logging.getLogger(__name__)

_SERIES = 1_000
_MOST_CHILDREN = 100
_MOST_REFUSED = 100


Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class Definition:
    """What a metric is; `buckets` (upper bounds) only for a histogram."""

    kind: Kind
    name: str
    text: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    def make(self, registry: CollectorRegistry) -> Any:
        """The metric on a registry; raises ValueError or TypeError for what Prometheus does not allow."""
        if not (re.fullmatch(r"[a-zA-Z_:][\w:]*", self.name, re.ASCII) and is_unicode(self.text)):
            raise ValueError("a name has letters, digits, _ and :, a description is Unicode")
        if not all(re.fullmatch(r"[a-zA-Z_]\w*", each, re.ASCII) for each in self.labels):
            raise ValueError("a label's name has letters, digits and _")
        if self.kind == "histogram":
            return Histogram(self.name, self.text, self.labels, buckets=self.buckets, registry=registry)
        if self.kind == "gauge":
            return Gauge(self.name, self.text, self.labels, registry=registry, multiprocess_mode="mostrecent")
        return Counter(self.name, self.text, self.labels, registry=registry)

    @property
    def series(self) -> int:
        """How many series each combination of label values has."""
        return len(self.buckets) + 3 if self.kind == "histogram" else 1


class CustomMetrics:
    """The custom metrics of one registry; what they can't take is dropped and counted by `lose`, never raised.

    Beyond 100 combinations of label values a metric, or 1,000 series of all together, values count as "other".
    """

    def __init__(self, registry: CollectorRegistry, lose: Callable[[], None]) -> None:
        self._registry, self._lose = registry, lose
        self._budget = Budget(_SERIES)
        self._made: dict[str, _Made] = {}
        self._refused: set[Definition] = set()
        self._lock = threading.Lock()

    def record(self, definition: Definition, verb: str, value: float, labels: dict[str, object]) -> None:
        """Do `inc`, `set` or `observe` with a value; a label that is not given is empty."""
        try:
            made = self._get(definition)
            if made is None or not math.isfinite(value) or labels.keys() - set(definition.labels):
                raise ValueError(definition.name)
            getattr(self._child(made, labels), verb)(value)
        except Exception:  # noqa: BLE001 - a measurement must not cost the caller's work
            self._lose()

    def _get(self, wanted: Definition) -> _Made | None:
        made = self._made.get(wanted.name)
        if made is not None and made.definition == wanted:
            return made
        if wanted in self._refused:
            return None
        with self._lock:
            try:
                return self._make(wanted)
            except Exception as error:  # noqa: BLE001 - said once, then counted
                # Names that are made up anew each time must not fill memory and log.
                if len(self._refused) < _MOST_REFUSED:
                    self._refused.add(wanted)
                    log.warning("the metric %.100r can't be made: %.200s", wanted.name, error)
                return None

    def _make(self, wanted: Definition) -> _Made:
        made = self._made.get(wanted.name)
        if made is None:
            metric = wanted.make(self._registry)
            if not self._budget.claim(wanted.series):
                self._registry.unregister(metric)
                raise ValueError(f"all custom metrics together have at most {_SERIES} series")
            made = self._made[wanted.name] = _Made(wanted, metric)
        if made.definition != wanted:
            raise ValueError(f"it is defined already, as {made.definition}")
        return made

    def _child(self, made: _Made, labels: dict[str, object]) -> Any:
        if not made.definition.labels:
            return made.metric
        values = tuple(label(labels.get(name)) for name in made.definition.labels)
        return made.children.get(values) or self._new_child(made, values)

    def _new_child(self, made: _Made, values: tuple[str, ...]) -> Any:
        with self._lock:
            if values not in made.children:
                # The claim at the definition was for "other".
                if len(made.children) >= _MOST_CHILDREN or not self._budget.claim(made.definition.series):
                    self._lose()
                    return made.metric.labels(*(OTHER,) * len(values))
                made.children[values] = made.metric.labels(*values)
            return made.children[values]


@dataclass(frozen=True, slots=True)
class _Made:
    definition: Definition
    metric: Any
    #: By label values; beyond the bounds everything goes to "other", which may stand here, too.
    children: dict[tuple[str, ...], Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CustomMetric:
    """A custom metric in the hand of whoever records it."""

    definition: Definition
    current: Callable[[], CustomMetrics]

    def add(self, amount: float = 1.0, **labels: object) -> None:
        """Raise a counter (by 0 or more), or a gauge by any amount."""
        self.current().record(self.definition, "inc", amount, labels)

    def set(self, value: float, **labels: object) -> None:
        """Set a gauge."""
        self.current().record(self.definition, "set", value, labels)

    def observe(self, value: float, **labels: object) -> None:
        """Enter a value, in the unit that the metric's name says, into a histogram."""
        self.current().record(self.definition, "observe", value, labels)
