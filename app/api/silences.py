"""Silences: for a while nobody is told of the alerts that match."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from flask import Blueprint, Response, request
from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from alerts.board import BoardAlert, order_of_silences
from alerts.config import milliseconds
from alerts.dispatch.matchers import Matcher, matches, parse
from alerts.dispatch.silence import BadSilence, Silence
from app.api.alerts import iso
from app.api.body import Comment, Name, Text, read_json
from app.api.describe import INSTANT, TEXT, Parameter, choice, endpoint, json_answer, listing, obj
from app.api.errors import ApiError
from app.api.webhook import Time
from app.auth.current import audit, author
from app.services import services
from data.times import now_micros

blueprint = Blueprint("silences", __name__)

_STATES = ("active", "pending", "expired")
_MATCHER = obj(name=TEXT, op={"enum": ["=", "!=", "=~", "!~"]}, value=TEXT)
_SILENCE = obj(
    id=TEXT,
    state={"type": "string", "enum": list(_STATES)},
    matchers=listing(_MATCHER),
    starts_at=INSTANT,
    ends_at=INSTANT,
    created_by=TEXT,
    comment=TEXT,
    updated_at=INSTANT,
    alerts=listing(TEXT | {"description": "fingerprints of the alerts that it matches now"}),
)
_ID = Parameter("id", "The silence's id.")


class Condition(BaseModel):
    """A matcher in parts; `op`, or Alertmanager's isRegex and isEqual."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Name
    value: Text
    op: Literal["=", "!=", "=~", "!~"] | None = None
    isRegex: bool = False
    isEqual: bool = True

    def matcher(self) -> Matcher:
        """The matcher; ValueError for a bad regular expression."""
        if self.op is not None:
            return Matcher(self.name, self.op, self.value)
        if self.isRegex:
            return Matcher(self.name, "=~" if self.isEqual else "!~", self.value)
        return Matcher(self.name, "=" if self.isEqual else "!=", self.value)


def _duration(value: Any) -> Any:
    return milliseconds(value) if isinstance(value, str) else value


class SilenceBody(BaseModel):
    """A silence to be made, or with an id to be changed: it ends at `ends_at` or after `duration`, such as 2h."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: Annotated[str, Field(max_length=36)] = ""
    matchers: Annotated[list[Text | Condition], Field(min_length=1, max_length=100)]
    starts_at: Annotated[Time, Field(validation_alias=AliasChoices("starts_at", "startsAt"))] = None
    ends_at: Annotated[Time, Field(validation_alias=AliasChoices("ends_at", "endsAt"))] = None
    duration: Annotated[int | None, BeforeValidator(_duration, json_schema_input_type=str)] = None
    created_by: Annotated[Name | None, Field(validation_alias=AliasChoices("created_by", "createdBy"))] = None
    comment: Annotated[Comment, Field(min_length=1)]

    @model_validator(mode="after")
    def _ends_once(self) -> SilenceBody:
        if (self.ends_at is None) == (self.duration is None):
            raise ValueError("give either ends_at or duration")
        return self

    def silence(self, now: int) -> Silence:
        """What is asked for; ValueError for matchers that can't be read."""
        found: list[Matcher] = []
        for each in self.matchers:
            found += parse(each) if isinstance(each, str) else [each.matcher()]
        start = now if self.starts_at is None else self.starts_at
        end = start + (self.duration or 0) if self.ends_at is None else self.ends_at
        return Silence(tuple(found), start, end, author(self.created_by or ""), self.comment, self.id)


@endpoint(
    blueprint,
    "GET",
    "/api/silences",
    "Silences: active, pending, and for five days those that are over",
    parameters=[Parameter("state", "Only these.", {"type": "string", "enum": list(_STATES)})],
    answer=obj(silences=listing(_SILENCE)),
    errors=(400, 503),
)
def get_silences() -> Response:
    wanted, parts, now = choice("state", None, _STATES), services(), now_micros() // 1000
    found = [each for each in order_of_silences(parts.board.silences(), now) if wanted in (None, each.state(now))]
    alerts = parts.alerts()
    return json_answer({"silences": [shown(each, alerts, now) for each in found]})


@endpoint(
    blueprint,
    "POST",
    "/api/silences",
    "Make a silence, or change the one with this id",
    body=SilenceBody.model_json_schema(),
    answer=_SILENCE,
    status=201,
    errors=(400, 404, 503, 507),
)
def post_silence() -> Response:
    body, parts, now = read_json(SilenceBody), services(), now_micros() // 1000
    try:
        silence = body.silence(now)
        if not silence.created_by:
            raise ApiError(400, "invalid_body", "created_by: say who silences")
        stored = parts.board.set_silence(silence, now)
    except KeyError:
        raise _no_silence(body.id) from None
    except ValueError as error:
        raise ApiError(400, "invalid_silence", str(error)) from None
    told = shown(stored, parts.alerts(), now)
    audit("silence set", stored.id, after={name: told[name] for name in ("matchers", "ends_at", "comment")})
    return json_answer(told, 201)


@endpoint(
    blueprint,
    "DELETE",
    "/api/silences",
    "End a silence at once",
    parameters=[_ID],
    answer=obj(id=TEXT),
    errors=(400, 404, 409, 503, 507),
)
@endpoint(
    blueprint,
    "DELETE",
    "/api/silences/<id>",
    "End a silence at once",
    parameters=[Parameter("id", "The silence's id.", where="path")],
    answer=obj(id=TEXT),
    errors=(404, 409, 503, 507),
)
def delete_silence(id: str = "") -> Response:  # noqa: A002 - the path says so
    wanted = id or request.args.get("id", "")
    if not wanted:
        raise ApiError(400, "bad_parameter", "id: say which silence is to end")
    try:
        services().board.expire_silence(wanted, now_micros() // 1000)
    except KeyError:
        raise _no_silence(wanted) from None
    except BadSilence as error:
        raise ApiError(409, "expired", str(error)) from None
    audit("silence ended", wanted)
    return json_answer({"id": wanted})


@endpoint(
    blueprint,
    "GET",
    "/api/silences/preview",
    "Which of the alerts that are there now a set of matchers would match",
    parameters=[Parameter("matcher", 'Such as severity="critical"; repeat it for several, all of which must hold.')],
    answer=obj(matchers=listing(_MATCHER), alerts=listing(obj(fingerprint=TEXT, name=TEXT, severity=TEXT, state=TEXT))),
    errors=(400,),
)
def preview() -> Response:
    try:
        found = [matcher for text in request.args.getlist("matcher") for matcher in parse(text)]
    except ValueError as error:
        raise ApiError(400, "bad_parameter", f"matcher: {error}") from None
    alerts = [alert for alert in services().alerts() if alert.state != "resolved" and matches(found, alert.labels)]
    names = ("fingerprint", "name", "severity", "state")
    shown_alerts = [{name: getattr(alert, name) for name in names} for alert in alerts if found]
    return json_answer({"matchers": [_matcher(each) for each in found], "alerts": shown_alerts})


def _no_silence(silence_id: str) -> ApiError:
    return ApiError(404, "not_found", f"There is no silence {silence_id[:40]!r}.")


def _matcher(matcher: Matcher) -> dict[str, str]:
    return {"name": matcher.name, "op": matcher.op, "value": matcher.value}


def shown(silence: Silence, alerts: list[BoardAlert], now: int) -> dict[str, Any]:
    """A silence for JSON."""
    matched = [a.fingerprint for a in alerts if a.state != "resolved" and matches(silence.matchers, a.labels)]
    return {
        "id": silence.id,
        "state": silence.state(now),
        "matchers": [_matcher(each) for each in silence.matchers],
        "starts_at": iso(silence.starts_at),
        "ends_at": iso(silence.ends_at),
        "created_by": silence.created_by,
        "comment": silence.comment,
        "updated_at": iso(silence.updated_at),
        "alerts": matched,
    }
