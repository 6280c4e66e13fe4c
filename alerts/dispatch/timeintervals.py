"""Named stretches of the week, month and year in which a route is muted or active."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from alerts.dispatch.section import Section

_WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
_MONTHS = [
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
]  # fmt: skip
_CLOCK = re.compile(r"(?:([01][0-9]|2[0-3]):([0-5][0-9])|(24):(00))", re.ASCII)
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}", re.ASCII)

#: First and last, both included.
Span = tuple[int, int]


def _span(text: Any, names: dict[str, int], what: str, numbers: bool = True) -> Span:
    if not isinstance(text, str):
        raise ValueError(f"not {what} or a range of them")
    parts = text.lower().split(":")
    if len(parts) > 2:
        raise ValueError(f"not a range: {text[:40]!r} (write it like first:last)")
    found = []
    for part in parts:
        if part not in names and not (numbers and _NUMBER.fullmatch(part)):
            raise ValueError(f"{part[:40]!r} is not {what}")
        found.append(names[part] if part in names else int(part))
    return found[0], found[-1]


def _rising(span: Span) -> Span:
    if span[0] > span[1]:
        raise ValueError("the end of the range is before its start")
    return span


def _weekdays(text: Any) -> Span:
    return _rising(_span(text, {name: place for place, name in enumerate(_WEEKDAYS)}, "a weekday", numbers=False))


def weekday(number: int) -> str:
    """The name of a day of the week; 0 is Sunday."""
    return _WEEKDAYS[number]


def _months(text: Any) -> Span:
    return _rising(_span(text, {name: place for place, name in enumerate(_MONTHS, 1)}, "a month"))


def _years(text: Any) -> Span:
    return _rising(_span(text, {}, "a year"))


def _days(text: Any) -> Span:
    """Days of a month; negative ones count from its end."""
    first, last = _span(text, {}, "a day of the month")
    if not all(1 <= abs(day) <= 31 for day in (first, last)):
        raise ValueError("a day of the month lies between 1 and 31, or between -31 and -1 counted from its end")
    if first < 0 < last:
        raise ValueError("the last day must be negative if the first is")
    # February, the shortest: what is empty there only is still a range elsewhere.
    _rising((first if first > 0 else 28 + first, last if last > 0 else 28 + last))
    return first, last


def _minutes(text: Any) -> int:
    found = _CLOCK.fullmatch(str(text))
    if found is None:
        raise ValueError(f"not a time of day: {str(text)[:40]!r} (write it like 09:00)")
    hour, minute = (part for part in found.groups() if part is not None)
    return int(hour) * 60 + int(minute)


#: Minutes since midnight, written as 09:00.
Clock = Annotated[int, BeforeValidator(_minutes)]


class TimeRange(Section):
    """Minutes of the day, the end not included; 24:00 is the end of the day."""

    start_time: Clock
    end_time: Clock

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if self.start_time >= self.end_time:
            raise ValueError("start_time must lie before end_time (a night is two ranges)")
        return self


def _zone(name: str) -> str:
    if name not in ("", "Local"):
        try:
            ZoneInfo(name)
        except (OSError, ValueError, KeyError):
            raise ValueError(f"no time zone is called {name[:40]!r} (write it like Europe/Berlin)") from None
    return name


class TimeInterval(Section):
    """A stretch of time: every condition that is there has to hold."""

    times: list[TimeRange] | None = None
    weekdays: list[Annotated[Span, BeforeValidator(_weekdays)]] | None = None
    days_of_month: list[Annotated[Span, BeforeValidator(_days)]] | None = None
    months: list[Annotated[Span, BeforeValidator(_months)]] | None = None
    years: list[Annotated[Span, BeforeValidator(_years)]] | None = None
    location: Annotated[str, AfterValidator(_zone)] = ""

    def contains(self, at: int) -> bool:
        """Whether the instant (milliseconds) lies in it."""
        local = datetime.fromtimestamp(at / 1000, UTC)
        if self.location:
            local = local.astimezone(None if self.location == "Local" else ZoneInfo(self.location))
        minute, weekday = local.hour * 60 + local.minute, local.isoweekday() % 7
        length = monthrange(local.year, local.month)[1]
        times = None if self.times is None else [(each.start_time, each.end_time - 1) for each in self.times]
        days = None if self.days_of_month is None else [_in_month(each, length) for each in self.days_of_month]
        return (
            _among(minute, times)
            and _among(weekday, self.weekdays)
            and _among(local.day, days)
            and _among(local.month, self.months)
            and _among(local.year, self.years)
        )


def _among(value: int, spans: list[Span] | None) -> bool:
    return spans is None or any(first <= value <= last for first, last in spans)


def _in_month(span: Span, length: int) -> Span:
    first, last = (day if day > 0 else length + 1 + day for day in span)
    return first, last


class NamedIntervals(Section):
    """Stretches of time under one name; one of them is enough."""

    name: Annotated[str, Field(min_length=1)]
    time_intervals: list[TimeInterval] = Field(default_factory=list)

    def contains(self, at: int) -> bool:
        """Whether the instant (milliseconds) lies in one of them."""
        return any(each.contains(at) for each in self.time_intervals)
