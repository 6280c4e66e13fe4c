"""What people say of a call: notes, a score from 1 to 5, and tags of their own beside the platform's.

Score and tags stand in the call's row, so that figures, filters and exports have them; no message about the call
changes them.
"""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from sqlalchemy import Connection, delete, insert, select, update

from data.models import call_notes, calls
from data.record import Record, next_revision
from data.times import now_micros

_Tag = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")
]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=10_000, pattern=r"^[^\x00]*$")]


class BadReview(ValueError):
    """What was sent is no review; the message names the field."""


class Review(BaseModel):
    """A note to add, and the score and tags that the call has from now on; what is left out stays as it is.

    A score of null takes it away.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    note: _Text = ""
    score: Annotated[int, Field(ge=1, le=5, strict=True)] | None = None
    tags: Annotated[list[_Tag], Field(max_length=50)] = []

    @property
    def changes(self) -> dict[str, Any]:
        """The columns of the call that it sets."""
        found: dict[str, Any] = {"score": self.score} if "score" in self.model_fields_set else {}
        if "tags" in self.model_fields_set:
            # In the order in which they were given.
            found["review_tags"] = orjson.dumps(list(dict.fromkeys(self.tags))).decode() if self.tags else None
        return found


def read_review(content: Any) -> Review:
    """A review from JSON; raises BadReview."""
    try:
        review = Review.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        raise BadReview(f"{place}: {first['msg']}") from None
    if not review.note and not review.changes:
        raise BadReview("body: say a note, a score or tags")
    return review


def add_review(record: Record, source: str, call_id: str, review: Review, *, owner: str | None = None) -> bool:
    """Store it; False if there is no such call."""
    with record.write() as connection:
        row_id = _row_id(connection, source, call_id)
        if row_id is None:
            return False
        if review.note:
            values = {"call_row_id": row_id, "at": now_micros(), "owner": owner, "text": review.note}
            connection.execute(insert(call_notes).values(**values))
        if review.changes:
            changed = review.changes | {"revision": next_revision(connection)}
            connection.execute(update(calls).where(calls.c.id == row_id).values(**changed))
    return True


def remove_note(record: Record, source: str, call_id: str, note: int) -> bool:
    """Delete one note; False if the call has no such note."""
    with record.write() as connection:
        row_id = _row_id(connection, source, call_id)
        where = (call_notes.c.id == note, call_notes.c.call_row_id == row_id)
        return bool(connection.execute(delete(call_notes).where(*where)).rowcount)


def notes_of(record: Record, row_id: int) -> list[dict[str, Any]]:
    """The notes of a call (its row id), oldest first: id, at (UTC microseconds), owner, text."""
    c = call_notes.c
    with record.read() as connection:
        found = connection.execute(select(c.id, c.at, c.owner, c.text).where(c.call_row_id == row_id).order_by(c.id))
        return [{str(name): value for name, value in row.items()} for row in found.mappings()]


def _row_id(connection: Connection, source: str, call_id: str) -> int | None:
    where = (calls.c.source == source, calls.c.call_id == call_id)
    found = connection.execute(select(calls.c.id).where(*where)).scalar_one_or_none()
    return None if found is None else int(found)
