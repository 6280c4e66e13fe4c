"""Samples of an exposition: of a registry, or of a text in Prometheus' or OpenMetrics' format.

Labels become what Prometheus makes of them: an empty one is none, the target's win over exposed ones (which go on as
exported_*), bounds of buckets and quantiles are written as floats.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.utils import floatToGoString

from data.samples.model import Labels

Samples = list[tuple[Labels, float]]
#: The label of a type that holds a number, which can be written in more than one way.
_BOUND = {"histogram": "le", "summary": "quantile"}


class BadExposition(ValueError):
    """The text is no exposition; the message says where."""


def of_registry(registry: CollectorRegistry, target: Mapping[str, str]) -> Samples:
    """The samples of a registry, under the target's labels."""
    return _samples(registry.collect(), target)


def of_text(text: str, target: Mapping[str, str], content_type: str = "text/plain") -> Samples:
    """The samples of a text, under the target's labels; times in it are ignored. Raises BadExposition."""
    parse = parse_openmetrics if content_type.startswith("application/openmetrics-text") else parse_text
    try:
        return _samples(parse(text), target)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        # The parsers stumble over some malformed lines instead of refusing them.
        raise BadExposition(f"not a metrics text: {str(error) or type(error).__name__}") from error


def _samples(families: Iterable[Metric], target: Mapping[str, str]) -> Samples:
    found: Samples = []
    for family in families:
        bound = _BOUND.get(family.type)
        for sample in family.samples:
            labels = {name: value for name, value in sample.labels.items() if value}
            if bound in labels:
                labels[bound] = floatToGoString(labels[bound])  # type: ignore[no-untyped-call]
            for name in target.keys() & labels.keys():
                free = f"exported_{name}"
                while free in labels or free in target:
                    free = f"exported_{free}"
                labels[free] = labels.pop(name)
            found.append(({"__name__": sample.name, **labels, **target}, float(sample.value)))
    return found
