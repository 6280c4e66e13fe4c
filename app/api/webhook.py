"""What a real Alertmanager sends: its webhook, version "4". It has told its receivers; here it is shown and kept."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, model_validator

from alerts.outside import Origin, OutsideAlert
from app.api.body import Text, read_json
from app.api.describe import INTEGER, endpoint, json_answer, obj
from app.services import services
from data.times import from_datetime, now_micros

blueprint = Blueprint("webhook", __name__)

_MOST_ALERTS = 10_000
_MOST_LABELS = 100
_Label = Annotated[Text, Field(min_length=1, max_length=200)]
Texts = Annotated[dict[_Label, Text], Field(max_length=_MOST_LABELS)]


def read_time(value: object) -> int | None:
    """Milliseconds of an RFC 3339 time; None for the time that stands for none. ValueError."""
    if not isinstance(value, str):
        raise ValueError("not a time")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"not an RFC 3339 time: {value[:40]!r}") from None
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone: {value[:40]!r}")
    return None if moment.year == 1 else from_datetime(moment) // 1000


#: Milliseconds; None for Go's zero time.
Time = Annotated[int | None, PlainValidator(read_time, json_schema_input_type=str)]


class _Part(BaseModel):
    # What later versions add is no fault.
    model_config = ConfigDict(strict=True, extra="ignore")


class HookAlert(_Part):
    """One alert of a message."""

    status: Literal["firing", "resolved"]
    labels: Annotated[Texts, Field(min_length=1)]
    annotations: Texts = {}
    startsAt: Time
    endsAt: Time = None
    generatorURL: Text = ""
    fingerprint: Text = ""

    @model_validator(mode="after")
    def _sound(self) -> HookAlert:
        if self.startsAt is None:
            raise ValueError("startsAt is missing")
        if self.status == "resolved" and self.endsAt is None:
            raise ValueError("a resolved alert needs endsAt")
        return self


class Message(_Part):
    """A message of Alertmanager."""

    version: Literal["4"]
    alerts: Annotated[list[HookAlert], Field(max_length=_MOST_ALERTS)]
    # Each alert tells all that is kept of it: what is said of the group may be missing.
    status: Literal["firing", "resolved"] | None = None
    groupKey: Text = ""
    receiver: Text = ""
    groupLabels: Texts = {}
    commonLabels: Texts = {}
    commonAnnotations: Texts = {}
    externalURL: Text = ""
    truncatedAlerts: Annotated[int, Field(ge=0)] = 0


@endpoint(
    blueprint,
    "POST",
    "/api/alerts/webhook",
    'What a real Alertmanager sends to a webhook receiver (version "4")',
    body=Message.model_json_schema(),
    answer=obj(accepted=INTEGER),
    errors=(400, 413, 503, 507),
)
def post_webhook() -> Response:
    message, now = read_json(Message), now_micros() // 1000
    told = [
        OutsideAlert(
            Origin.ALERTMANAGER,
            each.labels,
            each.annotations,
            each.startsAt or now,
            each.endsAt if each.status == "resolved" else None,
            each.generatorURL,
            now,
        )
        for each in message.alerts
    ]
    services().board.take(told, now)
    return json_answer({"accepted": len(told)})
