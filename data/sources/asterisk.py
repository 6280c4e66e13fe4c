"""Asterisk's call detail records: rows of cdr_csv or cdr-custom (Master.csv), or the same fields as JSON.

Rows with one linkedid are legs of one call: the earliest answer and the latest end stand, and a leg that was answered
says more about the outcome than those that were not.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from data.models import EndReasonGroup, Status
from data.sources.bodies import from_json
from data.sources.cdr import Reading, Rejected
from data.sources.told import Told
from data.sources.values import Payload, text
from data.times import SECOND, from_datetime

#: The columns of cdr_csv, the last ones where cdr.conf asks for them; and those of the sample of cdr_custom.conf.
_CSV = (
    "accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata", "start", "answer",
    "end", "duration", "billsec", "disposition", "amaflags", "uniqueid", "userfield", "peeraccount", "linkedid",
    "sequence",
)  # fmt: skip
_CUSTOM = (
    "clid", "src", "dst", "dcontext", "channel", "dstchannel", "lastapp", "lastdata", "start", "answer", "end",
    "duration", "billsec", "disposition", "amaflags", "accountcode", "uniqueid", "userfield", "peeraccount", "linkedid",
    "sequence",
)  # fmt: skip
_LEAST = _CSV.index("amaflags")
_DISPOSITIONS = {
    "ANSWERED": (Status.SUCCESS, EndReasonGroup.UNKNOWN),
    "NO ANSWER": (Status.MISSED, EndReasonGroup.TELEPHONY),
    "BUSY": (Status.MISSED, EndReasonGroup.TELEPHONY),
    "FAILED": (Status.ERROR, EndReasonGroup.TELEPHONY),
    "CONGESTION": (Status.ERROR, EndReasonGroup.TELEPHONY),
}
_EPOCH_OF_ID = re.compile(r"(\d{9,10})\.\d+$")
_QUARTER = 900
_NEVER = ("", "0000-00-00 00:00:00")


def is_row(cells: Sequence[str]) -> bool:
    """Whether these may be the cells of a row."""
    return len(cells) >= _LEAST and bool({cells[13], cells[14] if len(cells) > 14 else ""} & _DISPOSITIONS.keys())


def row(cells: Sequence[str]) -> dict[str, Any]:
    """A row as a record, told apart by where the disposition stands."""
    if not is_row(cells):
        raise Rejected("this is no row of Asterisk: its 14th or 15th cell is no disposition such as ANSWERED")
    names = _CUSTOM if cells[13] in _DISPOSITIONS else _CSV
    return {name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell.strip()}


def unpack(body: bytes, mimetype: str) -> list[Any]:
    """JSON, or rows of CSV."""
    if mimetype not in ("text/csv", "text/plain"):
        return from_json(body)
    lines = body.decode("utf-8", "replace").splitlines()
    # A row that is none is judged, and kept, by itself.
    return [row(cells) if is_row(cells) else cells for cells in csv.reader(lines) if cells]


def told(payload: Payload, reading: Reading) -> Told | None:
    """What a leg says about its call."""
    said = {str(name).lower(): value for name, value in payload.items()}
    disposition = str(said.get("disposition", "")).upper()
    if disposition not in _DISPOSITIONS:
        raise Rejected(f"disposition: {disposition[:40]!r} is none of Asterisk's")
    zone = _zone(said, reading.zone)
    started, answered, ended = (_instant(said, name, zone) for name in ("start", "answer", "end"))
    if started is None or ended is None:
        raise Rejected(f"{'end' if started is not None else 'start'}: required")
    answered = answered if disposition == "ANSWERED" else None
    status, group = _outcome(said, disposition)
    first = _first_instant(said, started)
    # The outcome of a leg that nobody answered is older than that of any that somebody did.
    rank = ended if answered is not None else first
    fields: dict[str, Any] = {
        "call_id": text(said.get("linkedid") or said.get("uniqueid"))
        or f"{said.get('channel')} {said.get('start')}"[:200],
        "updated_at": ended,
        "agent": text(_peer(said.get("dstchannel"))),
        "queue": text(str(said.get("lastdata", "")).partition(",")[0]) if said.get("lastapp") == "Queue" else None,
        "caller": text(said.get("src"), 100),
        "started_at": first,
        "answered_at": answered,
        "ended_at": ended,
        "status": status,
        "end_reason": disposition.lower(),
        "end_reason_group": group,
        "metadata": {
            "destination": text(said.get("dst"), 100),
            "context": text(said.get("dcontext")),
            "account": text(said.get("accountcode")),
            "userfield": text(said.get("userfield")),
        },
    }
    stamps = dict.fromkeys(("agent", "status", "end_reason", "end_reason_group", "queue"), rank)
    stamps |= {"started_at": -first, "answered_at": -(answered or 0), "caller": -started}
    return Told(fields, stamps | {f"metadata.{name}": -started for name in fields["metadata"]})


def _outcome(said: Payload, disposition: str) -> tuple[Status, EndReasonGroup]:
    if disposition == "ANSWERED" and str(said.get("lastapp")).lower() == "voicemail":
        return Status.VOICEMAIL, EndReasonGroup.VOICEMAIL
    if disposition == "NO ANSWER" and said.get("lastapp") == "Queue":
        return Status.ABANDONED, EndReasonGroup.CUSTOMER
    return _DISPOSITIONS[disposition]


def _instant(said: Payload, name: str, zone: tzinfo) -> int | None:
    value = str(said.get(name) or "").strip()
    if value in _NEVER:
        return None
    try:
        moment = datetime.fromisoformat(value)
        return from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        raise Rejected(f"{name}: {value[:40]!r} is no time") from None


def _id_epoch(value: Any) -> int | None:
    match = _EPOCH_OF_ID.search(str(value or ""))
    return int(match[1]) if match else None


def _first_instant(said: Payload, started: int) -> int:
    """When the call began: its id begins with the second, in UTC, in which its first channel was made."""
    epoch = _id_epoch(said.get("linkedid"))
    return min(started, epoch * SECOND) if epoch is not None else started


def _zone(said: Payload, zone: ZoneInfo) -> tzinfo:
    """The zone of a row's naive times: the offset that its id, whose first part is UTC, gives away, else `zone`.

    A later row of the same channel starts at any second, and then an offset of whole quarters of an hour is no match.
    """
    epoch, local = _id_epoch(said.get("uniqueid")), str(said.get("start") or "")
    try:
        since = datetime.fromisoformat(local).replace(tzinfo=UTC).timestamp() - (epoch or 0)
    except (ValueError, OverflowError):
        return zone
    offset = round(since / _QUARTER) * _QUARTER
    if epoch is None or abs(since - offset) > 2 or abs(offset) > 14 * 3600:
        return zone
    return timezone(timedelta(seconds=offset))


def _peer(channel: Any) -> str | None:
    """The name in "PJSIP/agent7-0000001a"."""
    match = re.fullmatch(r"[\w.]+/(.+)-[0-9a-f]{8}(?:;\d)?", str(channel or ""))
    return match[1] if match else None
