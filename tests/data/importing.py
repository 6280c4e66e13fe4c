"""A file written and imported, and what became of it, for the tests of the importer."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from data.files import Format
from data.importer import Report, Source, import_file
from data.record import Record
from tests.data.support import rows

HEADER = "call_id,started_at,agent,duration_seconds"
STARTED = "2024-05-01T10:00:00Z"
SECRET = b"a key of the test"


def line(call_id: str, agent: str = "Ada", duration: str = "7.5") -> str:
    return f"{call_id},{STARTED},{agent},{duration}"


class Importer:
    """Writes a file and imports it."""

    def __init__(self, record: Record, folder: Path) -> None:
        self.record = record
        self.file = folder / "calls"
        self.rejects = folder / "rejects.csv"

    def __call__(
        self,
        content: str | bytes | list[str],
        file_format: Format = "csv",
        **meaning: Any,
    ) -> Report:
        if isinstance(content, list):
            content = "\n".join(content) + "\n"
        self.file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return self.again(file_format, **meaning)

    def again(self, file_format: Format = "csv", **meaning: Any) -> Report:
        source = Source(**{"secret": SECRET, "source": "test"} | meaning)
        return import_file(self.record, self.file, source, file_format=file_format, rejects=self.rejects)

    def listed(self) -> list[tuple[int, str, str]]:
        """The rejects: line, reason, row."""
        with self.rejects.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            header, *found = csv.reader(file)
        assert header == ["line", "reason", "row"]
        return [(int(number), reason, row) for number, reason, row in found]

    def stored(self) -> set[str]:
        return {call_id for _, call_id in rows(self.record)}
