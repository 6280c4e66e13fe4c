"""What a backup says of itself: what it was made of, how many rows are in it, and the checksums of its files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import Connection, func, inspect, select, table

NAME = "manifest.json"
_UNCOUNTED = frozenset({"alembic_version"})


class BackupFailed(RuntimeError):
    """A backup could not be made; the message says why."""


class FolderTaken(BackupFailed):
    """The folder for a backup holds something already."""


class BadBackup(RuntimeError):
    """A backup can't be restored here; the message says why and what would help."""


class File(BaseModel):
    """A file of a backup."""

    bytes: int
    sha256: str


class Manifest(BaseModel):
    """The content of `manifest.json`; `rows` by table, `files` by name."""

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = 1
    made_at: str
    engine: Literal["sqlite", "postgresql"]
    schema_revision: str
    rows: dict[str, int]
    files: dict[str, File]

    def write(self, folder: Path) -> None:
        """Store it in the folder of the backup."""
        (folder / NAME).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup whose files are all whole; BadBackup."""
    try:
        manifest = Manifest.model_validate(json.loads((folder / NAME).read_text(encoding="utf-8")))
    except OSError as error:
        raise BadBackup(f"{folder}: no backup: {NAME} can't be read ({error.strerror})") from None
    except (ValueError, ValidationError) as error:
        raise BadBackup(f"{folder / NAME}: {str(error).partition(chr(10))[0]}") from None
    for name, expected in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise BadBackup(f"{folder}: the file {name} is missing")
        if described(path) != expected:
            raise BadBackup(f"{path}: the file is not what was written (its checksum differs)")
    return manifest


def described(path: Path) -> File:
    """Size and checksum of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return File(bytes=path.stat().st_size, sha256=digest)


def count_rows(connection: Connection) -> dict[str, int]:
    """How many rows each table has."""
    names = sorted(set(inspect(connection).get_table_names()) - _UNCOUNTED)
    return {name: int(connection.execute(select(func.count()).select_from(table(name))).scalar_one()) for name in names}
