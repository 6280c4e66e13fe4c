"""The card of one key figure: name, value, fair trend, course, and how much of the data it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.components.plain import Plain, h, icon
from app.components.spark import sparkline
from app.format import UNKNOWN, Number, Trend, unbroken

_ARROWS = {"up": "arrow-up-right", "down": "arrow-down-right", "flat": "dash"}


@dataclass(frozen=True, slots=True)
class KpiCard:
    """What a card shows. `exact` is the tooltip of the value, `note` a line where no trend can be given."""

    label: str
    icon: str
    value: str
    definition: str
    exact: str = ""
    trend: Trend | None = None
    note: str = ""
    course: Sequence[Number] = ()
    course_from_zero: bool = False
    coverage: float | None = None
    tone: str = ""

    def children(self) -> list[Plain]:
        """The content of the card, as plain dicts."""
        head = h(
            "Div",
            [icon(self.icon), h("H2", self.label, cls="vh-kpi-label"), help_button(self.label, self.definition)],
            cls="vh-kpi-head",
        )
        value = h("Div", self._value(), cls=f"vh-kpi-value {self.tone}".rstrip(), data_tip=self.exact or None)
        foot = h("Div", [part for part in (self._trend(), self._note(), self._coverage()) if part], cls="vh-kpi-foot")
        course = sparkline(self.course, zero=self.course_from_zero)
        return [head, h("Div", [part for part in (value, course) if part], cls="vh-kpi-main"), foot]

    def _value(self) -> list[Plain | str]:
        """The number large, its unit small."""
        if self.value == UNKNOWN:
            return [h("Span", UNKNOWN, cls="vh-unknown"), h("Span", "not known", cls="visually-hidden")]
        parts: list[Plain | str] = []
        for word in self.value.split(" "):
            unit = bool(parts) and not word[0].isdigit()
            parts.append(h("Span", word, cls="vh-unit") if unit else word)
        return parts

    def _trend(self) -> Plain | None:
        if self.trend is None:
            return None
        word = {"up": "up", "down": "down", "flat": ""}[self.trend.direction]
        shown = " · ".join(part for part in (self.trend.relative, self.trend.absolute) if part)
        return h(
            "Span",
            [icon(_ARROWS[self.trend.direction]), h("Span", word, cls="visually-hidden"), shown],
            cls=f"vh-trend vh-{self.trend.verdict}",
            data_tip="Against the same elapsed part of the previous period",
        )

    def _note(self) -> Plain | None:
        return h("Span", unbroken(self.note), cls="vh-note") if self.note else None

    def _coverage(self) -> Plain | None:
        if self.coverage is None or self.coverage >= 99.95:
            return None
        share = f"{self.coverage:.0f} %"
        return h("Span", f"of {share}", cls="vh-note", data_tip=f"Known for {share} of the calls in this range")


def help_button(label: str, definition: str) -> Plain:
    """The "?" of a card: its definition on hover, focus or tap."""
    return h("Button", "?", type="button", cls="vh-help", data_tip=definition, aria_label=f"{label}: {definition}")
