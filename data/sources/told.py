"""What a platform's message says about a call becomes a CallEvent."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from data.models import CallEvent
from data.sources.cdr import Reading, Rejected, read

#: A payload or a transcript that is longer is left out.
_MOST_BYTES = 1_000_000
_LEAST_DIGITS = 5
_LONG = 10_000


@dataclass(frozen=True, slots=True)
class Told:
    """The fields of a call (data/sources/cdr.py) that a message carried; None is the same as not there.

    `stamps`: instants (UTC microseconds) of fields that count as older than the message.
    """

    fields: Mapping[str, Any]
    stamps: Mapping[str, int] = field(default_factory=dict)


def event_of(told: Told, payload: Any, reading: Reading) -> CallEvent:
    """The event, with the payload beside it; raises Rejected."""
    fields = {name: value for name, value in told.fields.items() if value is not None}
    if isinstance(metadata := fields.get("metadata"), Mapping):
        # What is long is in the payload.
        fields["metadata"] = {k: v for k, v in metadata.items() if v is not None and len(_json(v)) <= _LONG}
    if "call_id" not in fields:
        raise Rejected("call_id: the payload names no call")
    if len(_json(fields.get("transcript"))) > _MOST_BYTES:
        del fields["transcript"]
    event = read(fields, reading)
    if told.stamps:
        event["stamps"] = {name: min(at, event["updated_at"]) for name, at in told.stamps.items()}
    body = _json(payload)
    if len(body) <= _MOST_BYTES:
        caller = fields.get("caller")
        event["payload"] = _json(_without_number(payload, str(caller)) if caller else payload).decode()
    return event


def _json(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError as error:  # nested too deeply, or text that is no UTF-8
        raise Rejected(f"the payload can't be kept: {error}") from None


def _without_number(value: Any, caller: str) -> Any:
    """A caller's number is never stored as it came: its last two digits stay."""
    digits = "".join(ch for ch in caller if ch.isdecimal())
    if len(digits) < _LEAST_DIGITS:
        return _replaced(value, lambda said: "…" if said == caller else said)
    pattern = re.compile(rf"(?<!\d){digits}(?!\d)")
    return _replaced(value, lambda said: pattern.sub(f"…{digits[-2:]}", said))


def _replaced(value: Any, replace: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return replace(value)
    if isinstance(value, Mapping):
        return {replace(str(name)): _replaced(one, replace) for name, one in value.items()}
    if isinstance(value, list):
        return [_replaced(one, replace) for one in value]
    if isinstance(value, int) and not isinstance(value, bool):
        shown = replace(str(value))
        return value if shown == str(value) else shown
    return value
