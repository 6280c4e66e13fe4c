"""Labels and annotations of alerts, filled in from what the rule found."""

from __future__ import annotations

from alerts.templates import Expanded, RuleTemplates
from data.samples.model import Labels

_TEMPLATES = RuleTemplates()


def expand(text: str, labels: Labels, value: float) -> Expanded:
    """The text with its templates filled in; where that fails it says so, as Prometheus has it: no alert is lost."""
    if "{{" not in text:
        return Expanded(text)
    made = _TEMPLATES.expand(text, labels, value)
    return Expanded(f"<error expanding template: {made.error}>", made.error) if made.error else made
