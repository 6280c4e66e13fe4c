"""Into a folder."""

from __future__ import annotations

import os
import re
from pathlib import Path

from alerts.receivers.errors import SendError
from app.reports.delivery import Parcel


def place(parcel: Parcel) -> str:
    """The name of the schedule as one of folders: "Weekly, sales" is weekly-sales."""
    return re.sub(r"[^a-z0-9]+", "-", parcel.schedule.lower()).strip("-") or "reports"


def write(parcel: Parcel, folder: Path) -> str:
    """Each file is there whole, or not at all. Raises SendError."""
    target = folder / place(parcel)
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name, body in parcel.files.items():
            beside = target / f".{name}.{os.getpid()}"
            beside.write_bytes(body)
            beside.replace(target / name)
    except OSError as error:
        raise SendError(f"{target}: {error.strerror or error}", retryable=True) from None
    return ""
