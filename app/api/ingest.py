"""What platforms send about calls, and what of it could not be read."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.api.body import read_body
from app.api.describe import INTEGER, TEXT, Parameter, endpoint, json_answer, listing, obj, whole_number
from app.api.errors import ApiError
from app.auth.current import audit
from app.intake import admit, set_aside, take
from app.services import services
from data.quarantine import count_waiting, find, list_waiting, remove
from data.signatures import note_used
from data.sources.platforms import NAMES
from data.times import now_micros, to_iso

blueprint = Blueprint("ingest", __name__)

_COUNTS = obj(accepted=INTEGER, updated=INTEGER, duplicate=INTEGER, quarantined=INTEGER, ignored=INTEGER)


@endpoint(
    blueprint,
    "POST",
    "/api/ingest/<platform>",
    "What a platform sends about its calls, signed where its secret is set; answered once it is durable. What can't be "
    "read is kept in quarantine",
    parameters=[Parameter("platform", "Whose message it is.", TEXT | {"enum": list(NAMES)}, "path")],
    body={"type": "object", "additionalProperties": True},
    answer=_COUNTS,
    errors=(401, 403, 404, 413, 503, 507),
)
def post_message(platform: str) -> Response:
    parts = services()
    if platform not in parts.platforms:
        raise ApiError(404, "not_found", f"Calls come in from {', '.join(NAMES)}; not from {platform[:40]!r}.")
    body = read_body()
    signature = admit(parts, platform, body)
    taken = take(parts, platform, body, request.mimetype)
    set_aside(parts, taken.unread)
    # Only now: a message that was not stored is sent again with the same signature.
    if signature is not None:
        note_used(parts.record, signature, now_micros())
    return json_answer(taken.counts | _receipt())


def _receipt() -> dict[str, object]:
    """Firehose wants its id back."""
    delivery = request.headers.get("X-Amz-Firehose-Request-Id")
    return {"requestId": delivery, "timestamp": now_micros() // 1000} if delivery else {}


@endpoint(
    blueprint,
    "GET",
    "/api/ingest/quarantine",
    "What could not be read of platforms' messages, newest first, with the reason and the raw body",
    parameters=[
        Parameter("limit", "Messages a page, 1 to 200.", INTEGER | {"default": 50}),
        Parameter("before", "`next_before` of the page before.", INTEGER),
    ],
    answer=obj(
        messages=listing(
            obj(id=INTEGER, at=TEXT, platform=TEXT, reason=TEXT, content_type=TEXT, size=INTEGER, body=TEXT)
        ),
        total=INTEGER,
        next_before={"type": ["integer", "null"]},
    ),
    errors=(400, 503),
)
def list_quarantine() -> Response:
    record, limit = services().record, whole_number("limit", 50, 1, 200)
    before = whole_number("before", 0, 1, 999_999_999) or None
    found = list_waiting(record, limit=limit, before=before)
    shown = [row | {"at": to_iso(row["at"]), "body": row["body"].decode("utf-8", "replace")} for row in found]
    following = found[-1]["id"] if len(found) == limit else None
    return json_answer({"messages": shown, "total": count_waiting(record), "next_before": following})


@endpoint(
    blueprint,
    "POST",
    "/api/ingest/quarantine/<int:message>/replay",
    "Read a message of the quarantine again; it leaves once all of it can be read",
    parameters=[Parameter("message", "Its id.", INTEGER, "path")],
    answer=_COUNTS,
    errors=(404, 422, 503, 507),
)
def replay(message: int) -> Response:
    parts = services()
    kept = find(parts.record, message)
    if kept is None or kept.platform not in parts.platforms:
        raise ApiError(404, "not_found", f"There is no message {message} in quarantine.")
    taken = take(parts, kept.platform, kept.body, kept.content_type)
    if taken.unread:
        raise ApiError(422, "unreadable", f"It still can't be read: {taken.unread[0].reason}.")
    remove(parts.record, message)
    audit("message replayed", f"{kept.platform} {message}", after=taken.counts)
    return json_answer(taken.counts)
