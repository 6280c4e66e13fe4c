"""What the reader of the service level chose, from the query string."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.filters import BadFilter
from app.format import count
from data.queries.service import BY_HOUR, Threshold

if TYPE_CHECKING:
    from app.filters import PageFilter

#: Offered by the menu; the query string may hold any other whole number.
SECONDS = (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300)
ABANDONED = {"count": "Abandoned count", "exclude": "Abandoned left out"}
HOURS = {
    "service_level": "Service level",
    "abandonment_rate": "Abandonment",
    "asa_seconds": "Speed of answer",
    "offered": "Offered",
    "peak": "Calls at once",
}
_MOST_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Chosen:
    """The threshold of the service level, and what weekday and hour show (BY_HOUR or "peak")."""

    threshold: Threshold
    hours: str

    @classmethod
    def of(cls, page: PageFilter) -> Chosen:
        """Raises BadFilter. The names are those of /api/kpis."""
        text = page.text("sl_seconds") or "20"
        if not (text.isascii() and text.isdigit() and int(text[:9]) <= _MOST_SECONDS):
            raise BadFilter(f"sl_seconds: must be a whole number from 0 to {_MOST_SECONDS}")
        abandoned = page.choice("sl_abandoned", ABANDONED, "count")
        return cls(Threshold(float(text), abandoned), page.choice("hours", HOURS, BY_HOUR[0]))

    @property
    def seconds(self) -> dict[str, str]:
        """The menu: value -> its words."""
        values = sorted({*SECONDS, int(self.threshold.seconds)})
        return {str(value): f"{count(value)} s" for value in values}

    @property
    def formula(self) -> str:
        """How the service level is computed, in words."""
        whole = "(offered − abandoned)" if self.threshold.abandoned == "exclude" else "offered"
        return f"answered within {self.threshold.seconds:g} s / {whole}"
