"""The rules: read anew, and tried over the past: /api/rules/reload, /api/rules/backtest."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from alerts.backtest import Backtest, Outcome, Stopped
from alerts.backtest.change import BadChange, changed, with_draft
from alerts.config import ConfigError
from alerts.rules import RuleFile
from app.api.body import read_body
from app.api.describe import INSTANT, INTEGER, MAYBE_NUMBER, NUMBER, TEXT, endpoint, json_answer, listing, obj
from app.api.errors import ApiError
from app.auth.current import audit
from app.backtesting import Busy
from app.services import services
from data.times import to_iso

blueprint = Blueprint("rules", __name__)

_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
_INTERVAL = obj(start=INSTANT, end=INSTANT, open={"type": "boolean"}, labels=_TEXTS, peak=MAYBE_NUMBER)
_OUTCOME = obj(
    alert=TEXT,
    group=TEXT,
    expr=TEXT,
    labels=_TEXTS,
    sentence=TEXT,
    times=INTEGER,
    seconds=NUMBER,
    since={"type": ["string", "null"]},
    unknown={"type": "object", "additionalProperties": {"type": ["string", "null"]}},
    error=TEXT,
    intervals=listing(_INTERVAL),
)


class Asked(BaseModel):
    """Which rule, and how it is changed: `rule` is an alert of the rules in force (NAME/2: the second one of a name in
    its group) and may be changed by threshold, expr and for; without it `expr` is a rule of its own."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    rule: Annotated[str, Field(max_length=200)] | None = None
    days: Annotated[float, Field(gt=0, le=92)] = 7.0
    threshold: Annotated[float, Field(allow_inf_nan=False)] | None = None
    expr: str | None = None
    hold: Annotated[str, Field(max_length=40)] | None = Field(None, alias="for")

    @model_validator(mode="after")
    def _something(self) -> Asked:
        if self.rule is None and self.expr is None:
            raise ValueError("name a `rule`, or give an `expr`")
        if self.rule is None and self.threshold is not None:
            raise ValueError("`threshold` changes a `rule`")
        return self

    @property
    def changes(self) -> bool:
        """Whether there is a version to hold against today's."""
        return self.threshold is not None or self.expr is not None or self.hold is not None

    def versions(self, rules: RuleFile) -> list[RuleFile]:
        """Today's rules where one of them is named, then the changed ones; BadChange or LookupError."""
        if self.rule is None:
            return [with_draft(rules, self.expr or "", self.hold)]
        fresh = changed(rules, self.rule, expr=self.expr, hold=self.hold, threshold=self.threshold)
        return [rules, fresh] if self.changes else [rules]


@endpoint(
    blueprint,
    "POST",
    "/api/rules/backtest",
    "How often an alert would have fired over the last days, as it is and changed",
    body=Asked.model_json_schema(),
    answer=obj(
        **{"from": INSTANT, "to": INSTANT, "step_seconds": NUMBER},
        today=listing(_OUTCOME),
        changed={"anyOf": [listing(_OUTCOME), {"type": "null"}]},
    ),
    errors=(400, 404, 409, 413, 503),
)
def post_backtest() -> Response:
    asked = _asked(read_body())
    try:
        versions = asked.versions(RuleFile.model_construct(groups=[group for group, _ in services().rules.groups]))
        found = services().backtests.run(versions, asked.days, [asked.rule or "draft"])
    except BadChange as error:
        raise ApiError(400, "invalid_rule", str(error)) from None
    except LookupError as error:
        raise ApiError(404, "not_found", str(error)) from None
    except Busy:
        raise ApiError(409, "busy", "Another backtest is running; wait for it, or cancel it.") from None
    except Stopped as error:
        raise ApiError(503, "stopped", f"The backtest was given up: {error}. Ask for fewer days.") from None
    return json_answer(_told(found, of_today=asked.rule is not None))


@endpoint(
    blueprint, "DELETE", "/api/rules/backtest", "Cancel the backtest that runs", answer={"type": "null"}, status=204
)
def delete_backtest() -> Response:
    services().backtests.cancel()
    return Response(status=204)


@endpoint(
    blueprint,
    "POST",
    "/api/rules/reload",
    "Read the files of rules and routes anew; a bad one is refused with a line a fault, and what was in force goes on",
    answer=obj(groups=INTEGER, rules=INTEGER, receivers=INTEGER),
    errors=(400,),
)
def post_reload() -> Response:
    parts, faults = services(), []
    for part in (parts.rules, parts.notifier):
        try:
            part.reload()
        except ConfigError as error:
            faults.append(str(error))
    audit("files of rules and routes reloaded", "alerts", after={"faults": faults} if faults else None)
    if faults:
        raise ApiError(400, "invalid_rules", "\n".join(faults))
    groups = parts.rules.groups
    rules = sum(len(states) for _, states in groups)
    return json_answer({"groups": len(groups), "rules": rules, "receivers": len(parts.notifier.config.receivers)})


def _asked(body: bytes) -> Asked:
    try:
        return Asked.model_validate(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "invalid_json", f"The body is not JSON: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        message = str(first["msg"]).removeprefix("Value error, ")
        raise ApiError(400, "invalid_request", f"{place}: {message}" if place else message) from None


def _told(found: list[Backtest], *, of_today: bool) -> dict[str, Any]:
    told = [[_outcome(each) for each in one.outcomes] for one in found]
    return {
        "from": _iso(found[0].start),
        "to": _iso(found[0].end),
        "step_seconds": found[0].step / 1000,
        "today": told[0] if of_today else [],
        "changed": told[-1] if len(told) > 1 or not of_today else None,
    }


def _outcome(each: Outcome) -> dict[str, Any]:
    return {
        "alert": each.alert,
        "group": each.group,
        "expr": each.expr,
        "labels": dict(each.labels),
        "sentence": each.sentence,
        "times": len(each.intervals),
        "seconds": each.seconds,
        "since": _iso(each.since),
        "unknown": {name: _iso(at) for name, at in each.unknown.items()},
        "error": each.error,
        "intervals": [
            {
                "start": _iso(one.start),
                "end": _iso(one.end),
                "open": one.open,
                "labels": dict(one.labels),
                # JSON has no NaN: orjson writes null.
                "peak": one.peak,
            }
            for one in each.intervals
        ],
    }


def _iso(at: int | None) -> str | None:
    """Of milliseconds."""
    return to_iso(None if at is None else at * 1000)
