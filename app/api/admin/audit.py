"""The audit log, to read and to take away; nothing here can change it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import orjson
from flask import Blueprint, Response, request, stream_with_context

from app.api.describe import INSTANT, INTEGER, TEXT, Parameter, endpoint, json_answer, listing, obj, whole_number
from app.auth.current import audit
from app.services import services
from data.access.audit import Entry, entries
from data.export.csv import harmless
from data.record import Record
from data.times import to_iso

blueprint = Blueprint("admin_audit", __name__)

_FIELDS = ("id", "at", "actor", "action", "subject", "before", "after", "address")
_ENTRY = obj(id=INTEGER, at=INSTANT, actor=TEXT, action=TEXT, subject=TEXT, before={}, after={}, address=TEXT)
_TEXT = Parameter("q", "Only lines in whose words this occurs: who, what, whom, from where.")
_MOST, _AT_ONCE, _HIGHEST = 1_000, 1_000, 999_999_999


@endpoint(
    blueprint, "GET", "/api/admin/audit", "Lines of the audit log, newest first",
    parameters=[
        _TEXT,
        Parameter("before", "Only lines with a smaller id: `next` of the page before.", INTEGER),
        Parameter("limit", "How many, 1 to 1,000. Default: 100.", INTEGER),
    ],
    answer=obj(entries=listing(_ENTRY), next={"type": ["integer", "null"]}), errors=(400, 503),
)  # fmt: skip
def get_audit() -> Response:
    limit, before = whole_number("limit", 100, 1, _MOST), whole_number("before", _HIGHEST, 1, _HIGHEST)
    found = entries(services().record, text=_text(), before_id=before, limit=limit)
    following = found[-1].id if len(found) == limit else None
    return json_answer({"entries": [_shown(entry) for entry in found], "next": following})


@endpoint(
    blueprint, "GET", "/api/admin/audit.csv", "The same as a file, all of it", parameters=[_TEXT],
    answer={"type": "string", "contentMediaType": "text/csv"}, errors=(503,),
)  # fmt: skip
def get_audit_csv() -> Response:
    text = _text()
    audit("audit log exported", text or "all")
    response = Response(stream_with_context(_lines(services().record, text)), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = "attachment; filename=audit.csv"
    return response


def _text() -> str:
    return request.args.get("q", "")[:200]


def _lines(record: Record, text: str) -> Iterator[str]:
    yield ",".join(_FIELDS) + "\r\n"
    before: int | None = None
    while found := entries(record, text=text, before_id=before, limit=_AT_ONCE):
        buffer = io.StringIO()
        csv.writer(buffer).writerows([_cell(value) for value in _shown(entry).values()] for entry in found)
        yield buffer.getvalue()
        before = found[-1].id


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return harmless(value if isinstance(value, str) else orjson.dumps(value).decode())


def _shown(entry: Entry) -> dict[str, Any]:
    return {name: to_iso(entry.at) if name == "at" else getattr(entry, name) for name in _FIELDS}
