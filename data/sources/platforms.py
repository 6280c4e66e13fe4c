"""The platforms whose messages can be read: a file each, listed here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data.models import CallEvent
from data.sources import (
    asterisk,
    bland,
    connect,
    elevenlabs,
    freeswitch,
    livekit,
    retell,
    twilio,
    vapi,
)
from data.sources.bodies import from_form, from_json
from data.sources.cdr import Reading, Rejected
from data.sources.mapping import FieldMap
from data.sources.told import Told, event_of
from data.sources.values import Payload


@dataclass(frozen=True, slots=True)
class Platform:
    """How a platform's messages are read.

    `told`: what a payload says about a call, None if nothing. `unpack`: the payloads in the body of a request, by its
    content type; JSON objects are always understood. Both raise Rejected. `local`: its times without a zone are
    those of the place, else UTC.
    """

    told: Callable[[Payload, Reading], Told | None]
    unpack: Callable[[bytes, str], Sequence[Any]] = from_json
    local: bool = False


PLATFORMS: dict[str, Platform] = {
    "vapi": Platform(vapi.told),
    "retell": Platform(retell.told),
    "twilio": Platform(twilio.told, from_form),
    "bland": Platform(bland.told),
    "livekit": Platform(livekit.told),
    "elevenlabs": Platform(elevenlabs.told),
    "freeswitch": Platform(freeswitch.told, freeswitch.unpack, local=True),
    "asterisk": Platform(asterisk.told, asterisk.unpack, local=True),
    "connect": Platform(connect.told, connect.unpack),
}
#: Whoever sends the fields of a call, or its own that a field map turns into these.
GENERIC = "generic"
NAMES = (*PLATFORMS, GENERIC)


def generic(field_map: FieldMap | None) -> Platform:
    """A platform of one's own."""

    def told(payload: Payload, reading: Reading) -> Told:
        try:
            return Told(field_map(payload) if field_map else payload)
        except ValueError as error:
            raise Rejected(str(error)) from None

    return Platform(told, from_form)


def read_payload(platform: Platform, payload: Any, reading: Reading) -> CallEvent | None:
    """The event of a payload; None where it says nothing about a call. Raises Rejected."""
    if not isinstance(payload, Mapping):
        raise Rejected(f"expected an object, got {type(payload).__name__}")
    try:
        told = platform.told(payload, reading)
    except (AttributeError, TypeError) as error:  # a text where the platform's documents have an object
        raise Rejected(f"the payload has another shape than {reading.source} describes: {error}") from None
    return None if told is None else event_of(told, payload, reading)
