"""When a schedule is due: cron expressions on a zone's clock, as Debian's cron reads them.

A time that a clock change skips comes right after the gap, one that it repeats comes once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from cronsim import CronSim, CronSimError

from data.times import from_datetime, to_datetime

#: Minute, hour, day of the month, month, day of the week.
_FIELDS = 5


class BadCron(ValueError):
    """An expression that can't be used; the message says why."""


def check(cron: str) -> None:
    """Raise BadCron unless the expression is one, and of at most one time an hour."""
    fields = cron.split()
    if len(fields) != _FIELDS:
        raise BadCron("a cron expression has five fields: minute, hour, day of the month, month, day of the week")
    if not re.fullmatch(r"[0-9]{1,2}", fields[0]):
        raise BadCron("the first field, the minute, is one number: a report comes once an hour at most")
    try:
        next(CronSim(cron, datetime(2024, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        raise BadCron(f"{cron!r}: {str(error)[:1].lower()}{str(error)[1:]}") from None
    except StopIteration:
        raise BadCron(f"{cron!r} is never due") from None


def times(cron: str, zone: str, after: int) -> Iterator[int]:
    """The instants at which it is due, each later than `after` (UTC microseconds)."""
    # A minute that is repeated begins anew: what lies behind is left out below.
    for moment in CronSim(cron, to_datetime(after, zone)):
        instant = from_datetime(moment)
        if instant > after:
            yield instant


def next_time(cron: str, zone: str, after: int) -> int | None:
    """The first of them; None if there is none for fifty years."""
    return next(times(cron, zone, after), None)


def slot(cron: str, zone: str, instant: int) -> str:
    """What tells the times of a schedule apart, even if the computer's clock was set back.

    Where the hour is fixed it is the time on the zone's clock; else an hour that comes twice is two times.
    """
    moment = to_datetime(instant, zone)
    text = f"{moment:%Y-%m-%dT%H:%M}"
    return f"{text}{moment:%z}" if cron.split()[1].startswith("*") else text
