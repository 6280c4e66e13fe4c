"""Who can be told of alerts, a test of that, and what became of each message."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict

from alerts.outbox import Delivery
from alerts.receivers import SendError
from app.api.alerts import iso
from app.api.body import Name, read_json
from app.api.describe import INSTANT, INTEGER, TEXT, Parameter, endpoint, json_answer, listing, obj, whole_number
from app.api.errors import ApiError
from app.auth.current import audit
from app.services import services

blueprint = Blueprint("notifications", __name__)

_DELIVERY = obj(
    id=INTEGER,
    target=TEXT,
    status={"type": "string", "enum": ["waiting", "sending", "retrying", "sent", "failed"]},
    attempts=INTEGER,
    error=TEXT,
    created_at=INSTANT,
    next_at=INSTANT,
    finished_at={"type": ["string", "null"], "format": "date-time"},
    payload={"type": "object"},
)
_RECEIVER = obj(receiver=TEXT, kind=TEXT, key=TEXT, unready=TEXT, last={"type": ["object", "null"]})


class Test(BaseModel):
    """Whom to send a test: a receiver's name, or the key of one of its ways."""

    model_config = ConfigDict(extra="forbid", strict=True)

    receiver: Name


@endpoint(
    blueprint,
    "GET",
    "/api/alerts/receivers",
    "Who can be told, what is missing to reach them, and what they were sent last",
    answer=obj(receivers=listing(_RECEIVER)),
    errors=(503,),
)
def get_receivers() -> Response:
    found = services().notifier.receivers()
    return json_answer(
        {
            "receivers": [
                {
                    "receiver": each.receiver,
                    "kind": each.kind,
                    "key": each.key,
                    "unready": each.unready,
                    "last": _delivery(each.last) if each.last else None,
                }
                for each in found
            ]
        }
    )


@endpoint(
    blueprint,
    "POST",
    "/api/alerts/receivers/test",
    "Send a test",
    body=Test.model_json_schema(),
    answer=obj(deliveries=listing(INTEGER)),
    status=202,
    errors=(400, 404, 409, 503, 507),
)
def post_test() -> Response:
    wanted = read_json(Test).receiver
    try:
        sent = services().notifier.send_test(wanted)
    except KeyError:
        raise ApiError(404, "not_found", f"There is no receiver {wanted[:80]!r}.") from None
    except SendError as error:
        raise ApiError(409, "not_configured", str(error)) from None
    audit("test sent", wanted)
    return json_answer({"deliveries": sent}, 202)


@endpoint(
    blueprint,
    "GET",
    "/api/alerts/deliveries",
    "What was sent to whom, newest first, with tries and errors",
    parameters=[
        Parameter("limit", "How many, 1 to 1000.", INTEGER | {"default": 100}),
        Parameter("before", "Only messages with a lower id.", INTEGER),
    ],
    answer=obj(deliveries=listing(_DELIVERY)),
    errors=(400, 503),
)
def get_deliveries() -> Response:
    limit, before = whole_number("limit", 100, 1, 1000), whole_number("before", 0, 0, 999_999_999)
    found = services().notifier.deliveries(limit, before or None)
    return json_answer({"deliveries": [_delivery(each) for each in found]})


def _delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "target": delivery.target,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "error": delivery.error,
        "created_at": iso(delivery.created_at),
        "next_at": iso(delivery.next_at),
        "finished_at": iso(delivery.finished_at),
        "payload": delivery.payload,
    }
