"""Several events of one call, in any order and any number of times, make the same row.

Each field is a last-writer-wins register: the value of the newest event that carried it stands; between two of the same
instant a fixed order of values decides. An event may say of fields that they are older than itself (`stamps`). That is
commutative, associative and idempotent, so neither order nor repetition can change the row (property test:
tests/data/test_merge.py). Most fields of a row are as old as the row; its `stamps` remember only those that are older,
and mark with null those that were derived and give way to any event.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from data.models import DOCUMENTS, REVIEW, CallEvent, Status

#: What is no field of a row that events set.
_BOOKKEEPING = frozenset({"id", "revision", "source", "call_id", "updated_at", "stamps", *DOCUMENTS, *REVIEW})
_SECOND = 1_000_000
#: Of these a duration says that somebody answered; for others some platforms count the ringing.
_TALKED = frozenset({Status.SUCCESS, Status.ERROR, Status.VOICEMAIL})

Row = dict[str, Any]


def fresh(event: CallEvent) -> Row:
    """The row of a call of which only this event is known."""
    row: Row = dict(event)
    for kind in DOCUMENTS:
        row.pop(kind, None)
    if not row.get("metadata", True):
        del row["metadata"]  # an empty object says nothing, whatever else is known of the call
    if "stamps" in row:
        told = dict(_flatten(row)).keys()
        stamps = {k: at for k, at in row.pop("stamps").items() if k in told and at != row["updated_at"]}
        row |= {"stamps": stamps} if stamps else {}
    _derive(row)
    return row


def merge(row: Mapping[str, Any], event: CallEvent) -> Row | None:
    """The row after one more event; None where the event changes nothing."""
    newest = max(row["updated_at"], event["updated_at"])
    fields = _registers(row)
    changed = newest != row["updated_at"]
    stamps = event.get("stamps", {})
    for name, value in _flatten(event):
        stamp = stamps.get(name, event["updated_at"])
        held = fields.get(name)
        if held is None or (stamp, _rank(name, value)) > (held[0], _rank(name, held[1])):
            fields[name] = (stamp, value)
            changed = True
    if not changed:
        return None
    reviewed = {name: row[name] for name in REVIEW if name in row}
    return _row(row["source"], row["call_id"], newest, fields) | reviewed


def _registers(row: Mapping[str, Any]) -> dict[str, tuple[int, Any]]:
    """Each known field of a row with the instant of the event that set it; derived fields left out."""
    stamps: dict[str, int | None] = row.get("stamps") or {}
    fields = {}
    for name, value in _flatten(row):
        stamp = stamps.get(name, row["updated_at"])
        if stamp is not None:
            fields[name] = (stamp, value)
    return fields


def _flatten(values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Fields with a value; each key of `metadata` is a field of its own."""
    flat = [(k, v) for k, v in values.items() if v is not None and k not in _BOOKKEEPING and k != "metadata"]
    flat += [(f"metadata.{k}", v) for k, v in (values.get("metadata") or {}).items()]
    return flat


def _rank(name: str, value: Any) -> tuple[bool, bytes]:
    """A fixed order of values for two events of one instant; an end beats "in progress"."""
    return (name == "status" and value != Status.IN_PROGRESS, orjson.dumps(value, option=orjson.OPT_SORT_KEYS))


def _row(source: str, call_id: str, updated_at: int, fields: Mapping[str, tuple[int, Any]]) -> Row:
    row: Row = {"source": source, "call_id": call_id, "updated_at": updated_at}
    stamps: dict[str, int | None] = {}
    for name, (stamp, value) in sorted(fields.items()):
        if name.startswith("metadata."):
            row.setdefault("metadata", {})[name.removeprefix("metadata.")] = value
        else:
            row[name] = value
        if stamp != updated_at:
            stamps[name] = stamp
    if stamps:
        row["stamps"] = stamps
    _derive(row)
    return row


def _derive(row: Row) -> None:
    """Fill what follows from the other fields, and mark it as derived in `stamps`."""
    derived: Row = {}
    if "status" not in row:
        derived["status"] = Status.IN_PROGRESS.value
    status = row.get("status", Status.IN_PROGRESS)
    if "started_at" not in row:
        known = [row[n] for n in ("queued_at", "answered_at", "ended_at") if n in row]
        derived["started_at"] = min([*known, row["updated_at"]])
    if "ended_at" not in row and status != Status.IN_PROGRESS:
        derived["ended_at"] = _end(row, (row | derived)["started_at"])
    ended = row.get("ended_at", derived.get("ended_at"))
    answered = row.get("answered_at")
    if answered is None and ended is not None and status in _TALKED and row.get("duration_seconds", 0) > 0:
        begun = row.get("started_at", derived.get("started_at"))
        answered = derived["answered_at"] = max(ended - round(row["duration_seconds"] * _SECOND), begun)
    if "duration_seconds" not in row and ended is not None and 0 < row.get("answered_at", 0) <= ended:
        derived["duration_seconds"] = (ended - row["answered_at"]) / _SECOND
    if "wait_seconds" not in row and "queued_at" in row:
        served = answered or (ended if status in (Status.ABANDONED, Status.MISSED) else None)
        if served is not None and served >= row["queued_at"]:
            derived["wait_seconds"] = (served - row["queued_at"]) / _SECOND
    if derived:
        row.update(derived)
        row["stamps"] = row.get("stamps", {}) | dict.fromkeys(derived)


def _end(row: Row, started_at: int) -> int:
    """The end of an ended call that came without one: its answer (or start) and duration, else its last event."""
    if "duration_seconds" in row:
        waiting = row.get("queued_at", started_at) + round(row.get("wait_seconds", 0.0) * _SECOND)
        base = row.get("answered_at", waiting)
        return int(base + round(row["duration_seconds"] * _SECOND))
    return max(int(row["updated_at"]), started_at)
