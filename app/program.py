"""How this program is started from a shell: for lines that say what to type."""

from __future__ import annotations

import sys
from pathlib import Path


def _program() -> str:
    """With the Python of the folder it is started in (`.venv/bin/python`), or the one on the PATH."""
    python = Path(sys.executable)
    here = Path.cwd()
    return f"{python.relative_to(here) if python.is_relative_to(here) else 'python'} -m app"


PROGRAM = _program()
