"""Labels and annotations of alerts, filled in from what the rule found."""

from __future__ import annotations

from alerts.templates import Expanded, RuleTemplates
from data.samples.model import Labels

_TEMPLATES = RuleTemplates()


def expand(text: str, labels: Labels, value: float) -> Expanded:
    """The text with its templates filled in, or what stands for it."""
    if "{{" not in text:
        return Expanded(text)
    made = _TEMPLATES.expand(text, labels, value)
    return unfilled(made.error) if made.error else made


def unfilled(reason: str) -> Expanded:
    """What stands where a template fails, as Prometheus has it: an alert must not get lost over it."""
    return Expanded(f"<error expanding template: {reason}>", reason)
