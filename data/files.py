"""The formats of files of calls: how one is recognised, and how a row of it becomes an event."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from data.models import CallEvent
from data.sources import asterisk, freeswitch
from data.sources.bodies import concatenated
from data.sources.cdr import Reading, Rejected, read
from data.sources.mapping import FieldMap
from data.sources.platforms import PLATFORMS, read_payload

Format = Literal["csv", "jsonl", "asterisk", "freeswitch", "connect"]
#: Those of exchanges, by the name of their platform.
EXCHANGES = ("asterisk", "freeswitch", "connect")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Shape:
    """How the rows of a file are read: its format, the columns that its first line names, whether it is CSV, and what
    stands between its cells."""

    format: Format
    header: Sequence[str] | None = None
    is_csv: bool = False
    delimiter: str = ","

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_csv", self.is_csv or self.header is not None)


def guess(line: str) -> Format:
    """The format of a file that begins with this line."""
    if line.lstrip().startswith(("{", "[")):
        first = next(concatenated(line.strip()), None)
        if not isinstance(first, Mapping):
            return "jsonl"
        if "ContactId" in first:
            return "connect"
        return "freeswitch" if "variables" in first and {"core-uuid", "channel_data"} & first.keys() else "jsonl"
    cells = _cells(line)
    if asterisk.is_row(cells) or has_header("asterisk", line):
        return "asterisk"
    if len(cells) > _CAUSE + 1 and cells[_CAUSE].isupper() and _UUID.fullmatch(cells[_CAUSE + 1].strip()):
        return "freeswitch"
    return "csv"


_CAUSE = freeswitch.COLUMNS.index("hangup_cause")


def has_header(file_format: Format, line: str) -> bool:
    """Whether this first line of an exchange's file names its columns."""
    return file_format == "asterisk" and {"disposition", "channel"} <= {cell.strip().lower() for cell in _cells(line)}


def is_csv(file_format: Format, line: str) -> bool:
    """Whether a file of this format that begins with this line is CSV."""
    return file_format == "asterisk" or (file_format == "freeswitch" and not line.lstrip().startswith("{"))


def rows_of_line(shape: Shape, line: str) -> Iterator[Any]:
    """The rows in a line of a file that is no CSV."""
    if shape.format == "connect":
        yield from concatenated(line)
    elif line.strip():
        yield line


def event_of_row(shape: Shape, row: Any, reading: Reading, field_map: FieldMap | None) -> CallEvent:
    """The event of a row: text, cells, or a value that is parsed already. Raises ValueError."""
    fields = _fields(shape, row)
    if shape.format not in EXCHANGES:
        return read(field_map(fields) if field_map and isinstance(fields, dict) else fields, reading)
    event = read_payload(PLATFORMS[shape.format], fields, reading)
    if event is None:
        raise Rejected("the row tells of no call")
    return event


def _fields(shape: Shape, row: Any) -> Any:
    if shape.header is not None:
        if len(row) != len(shape.header):
            raise Rejected(f"{len(row)} cells, but the header has {len(shape.header)} columns")
        return dict(zip(shape.header, row, strict=True))
    if shape.is_csv:
        return asterisk.row(row) if shape.format == "asterisk" else freeswitch.row(row)
    if shape.format == "connect":
        return row
    try:
        return orjson.loads(row.encode("utf-8", "surrogateescape"))
    except orjson.JSONDecodeError as error:
        raise Rejected(f"not JSON: {error}") from None


def _cells(line: str) -> list[str]:
    return next(csv.reader([line.rstrip("\r\n")]), [])
