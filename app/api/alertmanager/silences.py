"""Silences: /api/v2/silences and /api/v2/silence/{id}."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from flask import Response

from alerts.board import order_of_silences
from alerts.dispatch.matchers import Matcher
from alerts.dispatch.silence import BadSilence, Silence
from app.api.alertmanager.envelope import (
    Malformed,
    Refused,
    answer,
    blueprint,
    body,
    empty,
    matchers,
    moment,
)
from app.api.describe import INSTANT, TEXT, Parameter, Schema, endpoint, listing, obj
from app.auth.current import audit
from app.services import services
from data.times import from_datetime, now_micros

_FLAG: Schema = {"type": "boolean"}
_MATCHERS = listing(
    {
        "type": "object",
        "required": ["name", "value", "isRegex"],
        "properties": {"name": TEXT, "value": TEXT, "isRegex": _FLAG, "isEqual": _FLAG | {"default": True}},
    }
)
_POSTED = obj(matchers=_MATCHERS, startsAt=INSTANT, endsAt=INSTANT, createdBy=TEXT, comment=TEXT)
_SILENCE = obj(
    id=TEXT, status=obj(state=TEXT), updatedAt=INSTANT, **_POSTED["properties"]
)  # fmt: skip
_ID = Parameter("silence_id", "The silence's id.", {"type": "string", "format": "uuid"}, where="path")
_REQUIRED = ("comment", "createdBy", "endsAt", "matchers", "startsAt")
_LONGEST = 10_000


@endpoint(
    blueprint,
    "GET",
    "/api/v2/silences",
    "Silences",
    parameters=[Parameter("filter", "A matcher that the silence has exactly so; repeat it for several.")],
    answer=listing(_SILENCE),
    errors=(400, 503),
    error=TEXT,
)
def get_silences() -> Response:
    conditions, now = matchers(), now_micros() // 1000
    found = [
        each for each in order_of_silences(services().board.silences(), now) if set(conditions) <= set(each.matchers)
    ]
    return answer([_shown(each, now) for each in found])


@endpoint(
    blueprint,
    "POST",
    "/api/v2/silences",
    "Make a silence, or change the one with this id",
    body=_POSTED,
    answer=obj(silenceID=TEXT),
    errors=(400, 404, 415, 422, 503),
    error=TEXT,
)
def post_silence() -> Response:
    given, now = body(), now_micros() // 1000
    silence = _read(given)
    if silence.starts_at >= silence.ends_at:
        raise Refused(400, "Failed to create silence: start time must be before end time")
    if silence.ends_at < now:
        raise Refused(400, "Failed to create silence: end time can't be in the past")
    try:
        stored = services().board.set_silence(silence, now)
    except KeyError:
        raise Refused(404, "silence not found") from None
    except BadSilence as error:
        raise Refused(400, f"silence invalid: {error}") from None
    audit(
        "silence set", stored.id, after={"matchers": [str(each) for each in stored.matchers], "comment": stored.comment}
    )
    return answer({"silenceID": stored.id})


@endpoint(
    blueprint,
    "GET",
    "/api/v2/silence/<silence_id>",
    "One silence",
    parameters=[_ID],
    answer=_SILENCE,
    errors=(404, 422, 503),
    error={},
)
def get_silence(silence_id: str) -> Response:
    _check_id(silence_id)
    found = next((each for each in services().board.silences() if each.id == silence_id), None)
    return empty(404) if found is None else answer(_shown(found, now_micros() // 1000))


@endpoint(
    blueprint,
    "DELETE",
    "/api/v2/silence/<silence_id>",
    "End a silence at once",
    parameters=[_ID],
    answer={},
    errors=(404, 422, 503),
    error={},
)
def delete_silence(silence_id: str) -> Response:
    _check_id(silence_id)
    try:
        services().board.expire_silence(silence_id, now_micros() // 1000)
    except KeyError:
        return empty(404)
    except BadSilence:
        return empty()  # over already, which is what was wanted
    audit("silence ended", silence_id)
    return empty()


def _check_id(silence_id: str) -> None:
    try:
        uuid.UUID(silence_id)
    except ValueError:
        message = f'silenceID in path must be of type uuid: "{silence_id[:100]}"'
        raise Malformed(422, 601, message) from None


def _shown(silence: Silence, now: int) -> dict[str, Any]:
    return {
        "id": silence.id,
        "status": {"state": silence.state(now)},
        "updatedAt": moment(silence.updated_at),
        "comment": silence.comment,
        "createdBy": silence.created_by,
        "endsAt": moment(silence.ends_at),
        "matchers": [
            {
                "isEqual": each.op in ("=", "=~"),
                "isRegex": each.op in ("=~", "!~"),
                "name": each.name,
                "value": each.value,
            }
            for each in silence.matchers
        ],
        "startsAt": moment(silence.starts_at),
    }


def _read(given: Any) -> Silence:
    """The silence that was sent."""
    if not isinstance(given, dict):
        raise _unreadable("it is not an object")
    for name in _REQUIRED:
        if given.get(name) is None:
            raise Malformed(422, 602, f"{name} in body is required")
    conditions = given["matchers"]
    if not isinstance(conditions, list):
        raise _unreadable("matchers are not a list")
    if not conditions:
        raise Malformed(422, 612, "matchers in body should have at least 1 items")
    starts_at, ends_at = (_time(given[name]) for name in ("startsAt", "endsAt"))
    found = tuple(_matcher(place, each) for place, each in enumerate(conditions))
    return Silence(
        found,
        starts_at,
        ends_at,
        _text(given["createdBy"], 200),
        _text(given["comment"]),
        _text(given.get("id") or "", 36),
    )


def _matcher(place: int, given: Any) -> Matcher:
    if not isinstance(given, dict):
        raise _unreadable(f"matcher {place} is not an object")
    for name in ("isRegex", "name", "value"):
        if given.get(name) is None:
            raise Malformed(422, 602, f"matchers.{place}.{name} in body is required")
    is_regex, is_equal = given["isRegex"], given.get("isEqual", True)
    if not isinstance(is_regex, bool) or not isinstance(is_equal, bool):
        raise _unreadable(f"isRegex or isEqual of matcher {place} is neither true nor false")
    name, value = _text(given["name"]), _text(given["value"])
    if not name:
        raise Refused(400, f'silence invalid: invalid label matcher {place}: invalid label name ""')
    try:
        if is_regex:
            return Matcher(name, "=~" if is_equal else "!~", value)
        return Matcher(name, "=" if is_equal else "!=", value)
    except ValueError as error:
        raise Refused(400, f"silence invalid: invalid label matcher {place}: {error}") from None


def _text(given: Any, longest: int = _LONGEST) -> str:
    if not isinstance(given, str) or "\0" in given or len(given) > longest:
        raise _unreadable(f"{str(given)[:40]!r} is not a text of up to {longest} characters")
    return given


def _time(given: Any) -> int:
    try:
        return from_datetime(datetime.fromisoformat(given)) // 1000
    except (TypeError, ValueError):
        raise _unreadable(f"{str(given)[:40]!r} is not an RFC 3339 time") from None


def _unreadable(reason: str) -> Malformed:
    return Malformed(400, 400, f'parsing silence body from "" failed, because {reason}')
