"""PostgreSQL's own programs: pg_dump and pg_restore."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import URL

from data.backup.manifest import BackupFailed

_DEBIAN = Path("/usr/lib/postgresql")


def run(program: str, arguments: Sequence[str], url: URL) -> None:
    """Run a program against a database; BackupFailed with the last line that it says."""
    path = find(program)
    if path is None:
        raise BackupFailed(f"{program} is not installed (on Debian and Ubuntu: apt install postgresql-client)")
    # Nothing of our own environment: PG* variables in it could lead elsewhere. The password's only way in unseen.
    environment = {"PATH": os.defpath} | ({"PGPASSWORD": url.password} if url.password else {})
    address = url.set(drivername="postgresql", password=None).render_as_string()
    # The address holds no password, and is an argument of its own, not a part of a shell's line.
    done = subprocess.run(  # noqa: S603
        [path, *arguments, f"--dbname={address}"], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise BackupFailed(f"{program}: {said[-1] if said else f'exit code {done.returncode}'}")


def find(program: str) -> str | None:
    """Where a program is: on the PATH, or of the newest version where Debian keeps them."""
    versions = sorted(_DEBIAN.glob("*"), key=lambda folder: [int(n) for n in re.findall(r"\d+", folder.name)])
    beside = os.pathsep.join(str(folder / "bin") for folder in reversed(versions))
    # The wrapper on the PATH asks for a cluster of this machine; the programs themselves ask for nothing.
    return shutil.which(program, path=beside) or shutil.which(program)
