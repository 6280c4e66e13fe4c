"""Labels and annotations of alerts, filled in from what the rule found."""

from __future__ import annotations

import logging

from alerts.templates import RuleTemplates
from data.samples.model import Labels

log = logging.getLogger(__name__)

_TEMPLATES = RuleTemplates()
#: Faults that were told: at each evaluation again they would bury everything else.
_told: set[tuple[str, str]] = set()
_MOST_TOLD = 1_000


def expand(text: str, labels: Labels, value: float) -> str:
    """The text with its templates filled in; as it stands where that fails, as an alert must not get lost over it."""
    expanded = _TEMPLATES.expand(text, labels, value)
    if expanded.error and (text, expanded.error) not in _told:
        if len(_told) >= _MOST_TOLD:
            _told.clear()
        _told.add((text, expanded.error))
        alert = labels.get("alertname") or dict(labels)
        log.warning("a template could not be filled in for %.200s: %s: %.200s", alert, expanded.error, text)
    return expanded.text
