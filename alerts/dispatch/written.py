"""A configuration as the file that would say it, without its secrets: what is in force, for people and for amtool."""

from __future__ import annotations

from typing import Any, get_args
from urllib.parse import urlsplit

import yaml
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from alerts.config import Duration, written_duration
from alerts.dispatch.config import Config
from alerts.dispatch.matchers import Matcher
from alerts.dispatch.section import Section
from alerts.dispatch.timeintervals import TimeInterval, TimeRange, weekday

_HIDDEN = "<secret>"
#: What marks a field that holds milliseconds.
_DURATION = get_args(Duration)[1]


def written_config(config: Config) -> str:
    """The file, as YAML; what has its default is left out."""
    return str(yaml.safe_dump(_section(config), sort_keys=False, allow_unicode=True))


def _section(section: Section) -> dict[str, Any]:
    found = {}
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if value is None or (value == field.default and not field.is_required()) or value in ([], {}):
            continue
        inner = _value(value, is_duration=_DURATION in _marks(field))
        if inner != {}:
            found[field.alias or name] = inner
    return found


def _marks(field: FieldInfo) -> list[Any]:
    """What its type is annotated with, also where it may be None instead."""
    return [
        *field.metadata,
        *(mark for each in get_args(field.annotation) for mark in getattr(each, "__metadata__", ())),
    ]


def _value(value: Any, *, is_duration: bool = False) -> Any:
    match value:
        case TimeInterval():
            return _interval(value)
        case Section():
            return _section(value)
        case SecretStr():
            return _hidden(value.get_secret_value())
        case Matcher():
            return str(value)
        case list() | tuple():
            return [_value(each) for each in value]
        case int() if is_duration:
            return written_duration(value)
    return value


def _hidden(secret: str) -> str:
    """The host of an address may be seen; clients want an address where there was one."""
    parts = urlsplit(secret)
    return f"{parts.scheme}://{parts.hostname}/{_HIDDEN}" if parts.scheme and parts.hostname else _HIDDEN


def _interval(interval: TimeInterval) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if interval.times is not None:
        found["times"] = [_times(each) for each in interval.times]
    if interval.weekdays is not None:
        found["weekdays"] = [":".join(weekday(each) for each in span) for span in interval.weekdays]
    for name in ("days_of_month", "months", "years"):
        if (spans := getattr(interval, name)) is not None:
            found[name] = [f"{first}:{last}" for first, last in spans]
    return found | ({"location": interval.location} if interval.location else {})


def _times(times: TimeRange) -> dict[str, str]:
    return {
        name: f"{getattr(times, name) // 60:02d}:{getattr(times, name) % 60:02d}" for name in ("start_time", "end_time")
    }
