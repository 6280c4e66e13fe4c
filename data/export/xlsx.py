"""An Excel workbook: real dates on the clock of the filter's zone, numbers, texts that never are formulas."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from data.export.batches import DOUBLES, EXPORTED, TIMES, TRUTHS, WHOLE, Batches

#: Below the header.
MOST_ROWS = 1_048_575
_LONGEST_TEXT = 32_767
_WIDTHS = dict.fromkeys(TIMES, 20) | {"call_id": 28, "end_reason": 28}


class TooManyRows(ValueError):
    """More calls than a sheet holds."""

    def __init__(self, total: int) -> None:
        super().__init__(f"{total:,} calls are more than the {MOST_ROWS:,} rows of an Excel sheet: take CSV or Parquet")


def write_xlsx(found: Batches, path: Path, zone: str) -> None:
    """Write the file row by row, times on the clock of `zone`. Raises TooManyRows."""
    if found.total > MOST_ROWS:
        raise TooManyRows(found.total)
    import xlsxwriter  # here: it takes 2 MB

    # Rows are written out as they come: memory does not grow with them.
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "nan_inf_to_errors": True})
    with book:
        sheet = book.add_worksheet("Calls")
        bold = book.add_format({"bold": True})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet.freeze_panes(1, 2)
        for place, name in enumerate(EXPORTED):
            sheet.set_column(place, place, _WIDTHS.get(name, 14))
            # An Excel date has no zone: the title says whose clock it is.
            sheet.write_string(0, place, f"{name} ({zone})" if name in TIMES else name, bold)
        number = 0
        for frame in found.frames:
            for row in _local(frame, zone).itertuples(index=False, name=None):
                number += 1
                for place, (kind, value) in enumerate(zip(_KINDS, row, strict=True)):
                    if value is not None:
                        _WRITERS[kind](sheet, number, place, value, moment)


def _local(frame: pd.DataFrame, zone: str) -> pd.DataFrame:
    for name in TIMES:
        frame[name] = frame[name].dt.tz_convert(zone).dt.tz_localize(None)
    return frame.astype(object).where(frame.notna(), None)


def _kind(name: str) -> str:
    return (
        "time" if name in TIMES else "number" if name in {*WHOLE, *DOUBLES} else "truth" if name in TRUTHS else "text"
    )


_KINDS = [_kind(name) for name in EXPORTED]
_WRITERS: dict[str, Callable[[Any, int, int, Any, Any], object]] = {
    "time": lambda sheet, row, place, value, moment: sheet.write_datetime(row, place, value, moment),
    "number": lambda sheet, row, place, value, moment: sheet.write_number(row, place, value),
    "truth": lambda sheet, row, place, value, moment: sheet.write_boolean(row, place, bool(value)),
    # Never sheet.write(): it would take "=1+1" for a formula.
    "text": lambda sheet, row, place, value, moment: sheet.write_string(row, place, value[:_LONGEST_TEXT]),
}
