"""Labels and annotations of alerts, filled in from what the rule found."""

from __future__ import annotations

from typing import Protocol

from alerts.templates import Expanded, Query, RuleTemplates
from data.samples.model import Labels


class Expand(Protocol):
    """Fills a template in: its text, the labels and the value that it may use, and what answers its queries."""

    def __call__(self, text: str, labels: Labels, value: float, query: Query | None = None) -> Expanded:
        """The text, or what stands for it."""
        ...


def expand_at(external_url: str) -> Expand:
    """What fills in the templates of an installation that people reach at this address."""
    templates = RuleTemplates(external_url=external_url)

    def expand(text: str, labels: Labels, value: float, query: Query | None = None) -> Expanded:
        if "{{" not in text:
            return Expanded(text)
        made = templates.expand(text, labels, value, query)
        return unfilled(made.error) if made.error else made

    return expand


#: Where no address is known.
expand = expand_at("")


def unfilled(reason: str) -> Expanded:
    """What stands where a template fails, as Prometheus has it: an alert must not get lost over it."""
    return Expanded(f"<error expanding template: {reason}>", reason)
