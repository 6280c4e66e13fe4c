"""A field map: how the columns of somebody else's file become the fields of a call.

YAML, one entry a field of a call:

    fields:
      started_at: {column: begin, zone: America/New_York}   # a naive local time
      duration_seconds: minutes                             # or only the column's name
      cost: {column: cents, times: 0.01}                    # a unit
      status: {column: result, values: {OK: success}, default: error}
      direction: {value: inbound}                           # the same for every row

A column of nested JSON is named by its path, with dots: `data.call.id`. Columns that no entry names keep their name: a
call's own fields count, all others go to its metadata.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from data.sources.cdr import FIELDS


class BadMap(ValueError):
    """A field map that can't be used; the message names the file and the entry."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    column: Annotated[str, Field(min_length=1)] | None = None
    value: str | int | float | None = None
    zone: str | None = None
    times: float | None = None
    values: dict[str, str] | None = None
    default: str | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> _Entry:
        if (self.column is None) == (self.value is None):
            raise ValueError("needs either `column` or `value`")
        if self.zone is not None:
            ZoneInfo(self.zone)
        return self

    def read(self, row: Mapping[str, Any]) -> Any:
        if self.column is None:
            return self.value
        cell = _cell(row, self.column)
        if self.values is not None:
            return self.values.get(str(cell), self.default)
        if cell in (None, ""):
            return self.default
        if self.times is not None:
            return float(str(cell)) * self.times
        if self.zone is not None:
            moment = datetime.fromisoformat(str(cell))
            return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(self.zone))).isoformat()
        return cell


def _cell(row: Mapping[str, Any], column: str) -> Any:
    if column in row or "." not in column:
        return row.get(column)
    found: Any = row
    for name in column.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found


class FieldMap:
    """Turns a row of the file into a row with the fields of a call; raises ValueError for a cell it can't convert."""

    def __init__(self, entries: Mapping[str, _Entry]) -> None:
        self._entries = dict(entries)
        self._taken = {entry.column for entry in entries.values()}

    def __call__(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row in a call's fields."""
        renamed = {name: cell for name, cell in row.items() if name not in self._taken}
        for field, entry in self._entries.items():
            try:
                renamed[field] = entry.read(row)
            except ValueError as error:
                raise ValueError(f"{field}: {error}") from None
        return renamed


def load_map(path: Path) -> FieldMap:
    """Read a field map; raises BadMap with one line."""
    try:
        # Text only: `yes`, `1` and `true` are what a cell of the file says, not what YAML makes of them.
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - builds only text
    except OSError as error:
        raise BadMap(f"{path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadMap(f"{path}: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict) or set(content) != {"fields"} or not isinstance(content["fields"], dict):
        raise BadMap(f"{path}: expected one key, `fields`, with an entry for each field of a call")
    entries = {}
    for field, given in content["fields"].items():
        if field not in FIELDS:
            raise BadMap(f"{path}: fields.{field}: a call has no such field")
        try:
            entries[field] = _Entry.model_validate({"column": given} if isinstance(given, str) else given)
        except ValidationError as error:
            detail = error.errors()[0]
            place = ".".join(["fields", field, *map(str, detail["loc"])])
            raise BadMap(f"{path}: {place}: {detail['msg'].removeprefix('Value error, ')}") from None
        except (KeyError, OSError):
            raise BadMap(f"{path}: fields.{field}.zone: is not an IANA time zone") from None
    return FieldMap(entries)
