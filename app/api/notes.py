"""What people say of a call."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response

from app.api.body import read_body
from app.api.describe import INSTANT, INTEGER, MAYBE_TEXT, TEXT, Parameter, endpoint, json_answer, listing, obj
from app.api.errors import ApiError
from app.auth.current import audit, current
from app.auth.identity import LOCAL
from app.services import services
from data.notes import BadReview, Review, add_review, notes_of, read_review, remove_note
from data.record import Record
from data.times import to_iso

blueprint = Blueprint("notes", __name__)

_NOTES = listing(obj(id=INTEGER, at=INSTANT, owner=MAYBE_TEXT, text=TEXT))
_REVIEW = obj(notes=_NOTES, score={"type": ["integer", "null"]}, tags=listing(TEXT))
_PATH = [
    Parameter("source", "The call's source.", where="path"),
    Parameter("call_id", "Its id.", where="path"),
]


@endpoint(
    blueprint,
    "POST",
    "/api/calls/<call_key:source>/<call_key:call_id>/notes",
    "Add a note to a call, and set its score and its reviewers' tags",
    parameters=_PATH,
    body=Review.model_json_schema(),
    answer=_REVIEW,
    status=201,
    errors=(400, 404, 413, 503, 507),
)
def post_note(source: str, call_id: str) -> Response:
    record = services().record
    try:
        review = read_review(orjson.loads(read_body()))
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "invalid_json", f"The body is not JSON: {error}") from None
    except BadReview as error:
        raise ApiError(400, "invalid_note", str(error)) from None
    who = current()
    owner = who.name if who is not None and who is not LOCAL else None
    if not add_review(record, source, call_id, review, owner=owner):
        raise ApiError(404, "not_found", f"There is no call {call_id!r} of source {source!r}.")
    return json_answer(_review(record, source, call_id), 201)


@endpoint(
    blueprint,
    "DELETE",
    "/api/calls/<call_key:source>/<call_key:call_id>/notes/<int:note>",
    "Delete a note",
    parameters=[*_PATH, Parameter("note", "Its id.", INTEGER, where="path")],
    answer=_REVIEW,
    errors=(404, 503),
)
def delete_note(source: str, call_id: str, note: int) -> Response:
    record = services().record
    if not remove_note(record, source, call_id, note):
        raise ApiError(404, "not_found", f"This call has no note {note}.")
    audit("note deleted", f"{source}/{call_id}", before={"note": note})
    return json_answer(_review(record, source, call_id))


def _review(record: Record, source: str, call_id: str) -> dict[str, Any]:
    row = record.call(source, call_id) or {}
    return {
        "notes": notes_shown(record, row["id"]),
        "score": row.get("score"),
        "tags": row.get("review_tags", []),
    }


def notes_shown(record: Record, row_id: int) -> list[dict[str, Any]]:
    """The notes of a call, oldest first, as they are told."""
    return [note | {"at": to_iso(note["at"])} for note in notes_of(record, row_id)]
