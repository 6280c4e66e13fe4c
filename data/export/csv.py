"""CSV as the import reads it: instants in ISO-8601, lists as JSON, unknown as nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from data.export.batches import EXPORTED, TEXTS, TIMES, Batches

#: A spreadsheet takes a cell that begins so for a formula.
_FORMULA = r"^[=+\-@\t\r\n]"


def harmless(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula: an apostrophe makes it a text again."""
    return f"'{text}" if re.match(_FORMULA, text) else text


def csv(found: Batches) -> Iterator[bytes]:
    """The file, piece by piece."""
    yield (",".join(EXPORTED) + "\n").encode()
    for frame in found.frames:
        yield _plain(frame).to_csv(index=False, header=False, lineterminator="\n").encode()


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    for name in TIMES:
        instants = frame[name].dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
        texts = np.char.add(np.datetime_as_string(instants, unit="us"), "Z")
        frame[name] = np.where(np.isnat(instants), "", texts)
    for name in TEXTS:
        column = frame[name].astype("str")
        risky = column.str.match(_FORMULA) & frame[name].notna()
        if risky.any():
            # An apostrophe makes it a text again; only the cells that need one get it.
            frame[name] = frame[name].where(~risky, "'" + column)
    return frame
