"""What is kept for how long, what is due to go, and a caller who asks to be forgotten."""

from __future__ import annotations

from threading import Event, Timer
from typing import Annotated, Any

from flask import Blueprint, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.body import Name, read_json
from app.api.describe import INSTANT, INTEGER, TEXT, endpoint, json_answer, listing, obj
from app.api.errors import ApiError
from app.auth.current import audit
from app.services import services
from data.forgetting import count_of, forget, forget_in_archive
from data.retention import Due, Stopped, preview, run
from data.times import SECOND, now_micros, to_iso

blueprint = Blueprint("admin_data", __name__)

_DUE = listing(obj(kind=TEXT, days=INTEGER, before=INSTANT, rows=INTEGER))
_BOOLEAN = {"type": "boolean"}
#: What is not deleted within so long is left to the next round: nobody waits longer for an answer.
_PATIENCE_SECONDS = 20.0


class Forget(BaseModel):
    """Whom to forget: the number as it was told. dry_run only counts; anonymise keeps the calls for the figures."""

    model_config = ConfigDict(extra="forbid")

    caller: Name
    anonymise: Annotated[bool, Field(strict=True)] = False
    dry_run: Annotated[bool, Field(strict=True)] = False


@endpoint(
    blueprint, "GET", "/api/admin/retention", "What a run of retention would delete now",
    answer=obj(due=_DUE), errors=(503,),
)  # fmt: skip
def get_retention() -> Response:
    return json_answer({"due": _due(preview(services().record, services().settings.retention, now_micros()))})


@endpoint(
    blueprint, "POST", "/api/admin/retention",
    "Delete what is due, for 20 seconds at most; `done` says whether that was all",
    answer=obj(deleted={"type": "object", "additionalProperties": INTEGER}, done=_BOOLEAN, due=_DUE),
    errors=(503, 507),
)  # fmt: skip
def post_retention() -> Response:
    record, policy, now, enough = services().record, services().settings.retention, now_micros(), Event()
    before = preview(record, policy, now)
    timer = Timer(_PATIENCE_SECONDS, enough.set)
    timer.start()
    try:
        run(record, policy, now, enough)
        done = True
    except Stopped:
        done = False
    finally:
        timer.cancel()
    after = preview(record, policy, now)
    deleted = {old.kind: max(0, old.rows - new.rows) for old, new in zip(before, after, strict=True)}
    audit("retention run", "what is due", after=deleted | {"done": done})
    return json_answer({"deleted": deleted, "done": done, "due": _due(after)})


@endpoint(
    blueprint, "POST", "/api/admin/forget", "Delete or anonymise all calls of a caller, in record, copies and archive",
    body=Forget.model_json_schema(), answer=obj(calls=INTEGER, archived=INTEGER, dry_run=_BOOLEAN),
    errors=(400, 413, 503, 507),
)  # fmt: skip
def post_forget() -> Response:
    given, parts = read_json(Forget), services()
    caller_hash, _ = parts.hash_caller(given.caller)
    if given.dry_run:
        return json_answer({"calls": count_of(parts.record, caller_hash), "archived": 0, "dry_run": True})
    if not any(ch.isalnum() for ch in given.caller):
        raise ApiError(400, "invalid_body", "caller: give a number or a name")
    done, folder = forget(parts.record, caller_hash, anonymise=given.anonymise), parts.settings.archive_dir
    archived = forget_in_archive(folder, caller_hash, anonymise=given.anonymise) if folder else 0
    how = "anonymise" if given.anonymise else "delete"
    audit("caller forgotten", caller_hash, after={"how": how, "calls": done, "archived": archived})
    return json_answer({"calls": done, "archived": archived, "dry_run": False})


def _due(found: list[Due]) -> list[dict[str, Any]]:
    days = services().settings.retention.kinds()
    return [
        {
            "kind": due.kind,
            "days": days[due.kind],
            "before": to_iso(due.before // SECOND * SECOND),
            "rows": due.rows,
        }
        for due in found
    ]
