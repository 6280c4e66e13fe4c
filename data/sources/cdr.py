"""VoiceHive's own call detail record (domain.md's columns), as JSON or as a row of text: validated into a CallEvent.

Lenient about what is unknown (other fields are kept in `metadata`, an empty cell is unknown), strict about identity,
times, numbers and the closed word lists. Each error names the field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import orjson
from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, ValidationInfo
from typing_extensions import TypedDict  # pydantic needs it below Python 3.12

from data.models import CallEvent, Direction, EndReasonGroup, Status
from data.sources.trace import Trace
from data.times import EARLIEST

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = _EPOCH.replace(tzinfo=None)
_MICROSECOND = timedelta(microseconds=1)
_NO_OFFSET = timedelta()
_UTC = ZoneInfo("UTC")
_PRECISION = 1_000_000
_AHEAD = 86_400_000_000  # how far a clock may be ahead of ours: a day
_METADATA_BYTES = 65_536
_METADATA_DEPTH = 32


class Rejected(ValueError):
    """A record that can't be stored; the message names the field and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read a record: the zone of naive times, the source to assume, the present, the caller's hash."""

    hash_caller: Callable[[str], tuple[str, str]]
    now: int
    zone: ZoneInfo = _UTC
    source: str = "api"


def _instant(value: Any, info: ValidationInfo[Reading]) -> int:
    reading = info.context
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            moment = _epoch_text(value)
        if moment.tzinfo is None:
            # The same as replace(tzinfo=...) and a subtraction, which take three times as long.
            since = moment - _NAIVE_EPOCH - (reading.zone.utcoffset(moment) or _NO_OFFSET)
        else:
            since = moment - _EPOCH
        instant = since // _MICROSECOND
    elif isinstance(value, int | float) and not isinstance(value, bool) and value == value:
        instant = _epoch(value)
    else:
        raise ValueError("expected an ISO-8601 time or seconds since 1970")
    if instant < EARLIEST:
        raise ValueError("this time lies before 1980")
    if instant > reading.now + _AHEAD:
        raise ValueError("this time lies more than a day in the future")
    return instant


def _epoch_text(value: str) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=_epoch(float(value)))
    except (ValueError, OverflowError):
        raise ValueError(f"{value[:40]!r} is not an ISO-8601 time") from None


def _epoch(value: float) -> int:
    """Seconds, milliseconds or microseconds since 1970, told apart by size."""
    for limit, factor in ((1e11, 1_000_000), (1e14, 1_000), (1e17, 1)):
        if abs(value) < limit:
            return round(value * factor)
    raise ValueError("this number is no time since 1970")


def _json_text(value: Any) -> Any:
    """Lists and objects come as JSON in a text cell."""
    if isinstance(value, str) and value[:1] in "[{":
        return orjson.loads(value)
    return value


def _tags(value: Any) -> Any:
    value = _json_text(value)
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _transcript(value: Any) -> Any:
    try:
        return value if isinstance(value, str) else orjson.dumps(value).decode()
    except TypeError as error:  # nested too deeply, or text that is no UTF-8
        raise ValueError(str(error)) from None


def _whole(value: Any) -> Any:
    """ "3.0" and 3.0 are whole numbers: spreadsheets write them so."""
    if isinstance(value, str):
        value = float(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _one_of(words: Iterable[str]) -> Any:
    known = frozenset(words)

    def check(value: Any) -> str:
        word = str(value).strip().lower()
        if word not in known:
            raise ValueError(f"must be one of {', '.join(sorted(known))}; got {str(value)[:40]!r}")
        return word

    return BeforeValidator(check)


def _text(most: int) -> StringConstraints:
    # PostgreSQL can't store NUL, and no name needs the other control characters.
    allowed = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=most, pattern=allowed)


_Instant = Annotated[int, BeforeValidator(_instant)]
_Amount = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
_Count = Annotated[int, BeforeValidator(_whole), Field(ge=0, le=2_000_000_000)]


class _Record(TypedDict, total=False):
    __pydantic_config__ = ConfigDict(coerce_numbers_to_str=True)  # type: ignore[misc]

    source: Annotated[str, _text(100)]
    call_id: Annotated[str, _text(200)]
    updated_at: _Instant
    direction: Annotated[str, _one_of(Direction)]
    agent: Annotated[str, _text(200)]
    agent_version: Annotated[str, _text(100)]
    queue: Annotated[str, _text(200)]
    caller: Annotated[str, _text(100)]
    started_at: _Instant
    queued_at: _Instant
    answered_at: _Instant
    ended_at: _Instant
    wait_seconds: _Amount
    duration_seconds: _Amount
    hold_seconds: _Amount
    after_call_seconds: _Amount
    status: Annotated[str, _one_of(Status)]
    end_reason: Annotated[str, _text(200)]
    end_reason_group: Annotated[str, _one_of(EndReasonGroup)]
    transferred: bool
    csat: Annotated[float, Field(ge=1, le=5)]
    sentiment: Annotated[str, _text(40)]
    success_evaluation: Annotated[str, _text(200)]
    currency: Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, pattern="^[A-Za-z]{3}$")]
    cost: _Amount
    cost_telephony: _Amount
    cost_stt: _Amount
    cost_llm: _Amount
    cost_tts: _Amount
    cost_platform: _Amount
    latency_ms: _Amount
    latency_stt_ms: _Amount
    latency_llm_ms: _Amount
    latency_tts_ms: _Amount
    latency_network_ms: _Amount
    turns: _Count
    user_interruptions: _Count
    agent_interruptions: _Count
    silence_seconds: _Amount
    language: Annotated[str, _text(35)]
    tags: Annotated[list[Annotated[str, _text(100)]], BeforeValidator(_tags), Field(max_length=50)]
    metadata: Annotated[dict[str, Any], BeforeValidator(_json_text)]
    transcript: Annotated[
        str, BeforeValidator(_transcript), StringConstraints(max_length=1_000_000, pattern=r"^[^\x00]*$")
    ]
    trace: Trace


_adapter: TypeAdapter[Any] = TypeAdapter(_Record)
_validate = _adapter.validator.validate_python  # the adapter's own method costs as much again as two fields
FIELDS = frozenset(name for name in _Record.__annotations__ if not name.startswith("__"))
#: What our own exports show beside the fields of a record.
_SHOWN = frozenset({"caller_last2", "score", "review_tags"})
_TIMES = ("queued_at", "answered_at", "ended_at")
_MONEY = frozenset(name for name in FIELDS if name.startswith("cost"))


def json_schema() -> dict[str, Any]:
    """JSON Schema of a record as it may be posted."""
    schema = _adapter.json_schema(mode="validation")
    schema.update(title="CallRecord", required=["call_id"], additionalProperties=True)
    for name in ("started_at", "updated_at", *_TIMES):
        schema["properties"][name] = {"type": "string", "format": "date-time"}
    for name, words in (("status", Status), ("direction", Direction), ("end_reason_group", EndReasonGroup)):
        schema["properties"][name] = {"type": "string", "enum": [str(word) for word in words]}
    return schema


def read(record: Mapping[str, Any], reading: Reading) -> CallEvent:
    """One record as a CallEvent; raises Rejected with the first field that is wrong.

    `updated_at` orders the events of a call; where it is missing, the latest time that the record names stands in, so
    that the same record sent again is the same event.
    """
    if not isinstance(record, Mapping):
        raise Rejected(f"expected an object with the fields of a call, got {type(record).__name__}")
    given = {name: value for name, value in record.items() if value is not None and value != ""}
    extra: dict[str, Any] = {}
    if not FIELDS.issuperset(given):
        others = {name: given.pop(name) for name in given.keys() - FIELDS}
        extra = {name: value for name, value in others.items() if name not in _SHOWN}
    try:
        event: dict[str, Any] = _validate(given, context=reading)
    except ValidationError as error:
        raise Rejected(_first(error)) from None
    except RecursionError:
        raise Rejected("the record is nested too deeply") from None
    except ValueError as error:  # a whole number of thousands of digits
        raise Rejected(f"the record can't be read: {error}") from None
    event.setdefault("source", reading.source)
    if "call_id" not in event:
        raise Rejected("call_id: required")
    if extra:
        event["metadata"] = event.get("metadata", {}) | extra
    if "metadata" in event:
        _check_metadata(event["metadata"])
    _check_times(event)
    if not _MONEY.isdisjoint(event):
        event.setdefault("currency", "USD")
    caller = event.pop("caller", None)
    if caller is not None:
        event["caller_hash"], event["caller_last2"] = reading.hash_caller(caller)
    return event  # type: ignore[return-value]


def _check_times(event: dict[str, Any]) -> None:
    started: int = event.get("started_at", 0)
    for name in _TIMES:
        if started > event.get(name, started):
            if started - event[name] >= _PRECISION:
                raise Rejected(f"{name}: lies before started_at")
            # Platforms write some times to the millisecond and others to the second.
            event[name] = started
    ended = event.get("ended_at")
    if ended is not None and ended < event.get("answered_at", 0):
        raise Rejected("ended_at: lies before answered_at")
    if ended is not None and "status" not in event:
        raise Rejected("status: required when ended_at is given")
    if ended is not None and event["status"] == Status.IN_PROGRESS:
        raise Rejected("ended_at: a call in progress has not ended")
    if "updated_at" not in event:
        known = [event[name] for name in ("started_at", *_TIMES) if name in event]
        if not known:
            raise Rejected("started_at: required (or another time of the call)")
        event["updated_at"] = max(known)


def _check_metadata(metadata: dict[str, Any]) -> None:
    if _depth(metadata) > _METADATA_DEPTH:
        raise Rejected(f"metadata: nested deeper than {_METADATA_DEPTH} levels")
    try:
        size = len(orjson.dumps(metadata))
    except (TypeError, orjson.JSONEncodeError) as error:
        raise Rejected(f"metadata: {error}") from None
    if size > _METADATA_BYTES:
        raise Rejected(f"metadata: larger than {_METADATA_BYTES // 1024} kB")


def _depth(value: Any, level: int = 0) -> int:
    if level > _METADATA_DEPTH or not isinstance(value, dict | list):
        return level
    inner = value.values() if isinstance(value, dict) else value
    return max((_depth(item, level + 1) for item in inner), default=level + 1)


def _first(error: ValidationError) -> str:
    """The first complaint as `field: what is wrong`, in one short line."""
    detail = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(str(part) for part in detail["loc"]) or "record"
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "string_pattern_mismatch":
        message = "has characters that are not allowed"
    return f"{field}: {message}"[:300]
