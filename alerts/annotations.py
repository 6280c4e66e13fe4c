"""Labels and annotations of alerts, filled in from what the rule found."""

from __future__ import annotations

import logging

from alerts.templates import RuleTemplates
from data.samples.model import Labels

log = logging.getLogger(__name__)

_TEMPLATES = RuleTemplates()


def expand(text: str, labels: Labels, value: float) -> str:
    """The text with its templates filled in; as it stands where that fails, as an alert must not get lost over it."""
    expanded = _TEMPLATES.expand(text, labels, value)
    if expanded.error:
        log.warning("a template could not be filled in: %s: %.200s", expanded.error, text)
    return expanded.text
