"""A report on paper, and its charts as pictures for mail: an installed Chromium prints the HTML.

The browser runs below a process of its own (printing.py) that lives for one report; whatever it does, all of it is gone
after a time. Nothing of it, nor its gigabyte, is left in this process.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

LIMIT_SECONDS = 60.0
#: Not as a module: what it imports is little, and this folder's names are those of the standard library.
_PRINTING = Path(__file__).with_name("printing.py")
_TURN = threading.Lock()


class NoBrowser(RuntimeError):
    """There is no Chromium, or it did not print; the message says which."""


@dataclass(frozen=True, slots=True)
class Printed:
    """A PDF file, and pictures (PNG, twice as fine as a screen) of the charts by name."""

    pdf: bytes = b""
    pictures: Mapping[str, bytes] = field(default_factory=dict)


def find_browser() -> str | None:
    """The path of an installed Chromium, Chrome or Edge."""
    from choreographer.browsers.chromium import Chromium

    return Chromium.find_browser(skip_local=False)


def printed(
    page: str, *, pdf: bool, pictures: Sequence[str] = (), limit: float = LIMIT_SECONDS, browser: str | None = None
) -> Printed:
    """The page (HTML) printed, and the charts of it that are named; one at a time. Raises NoBrowser."""
    path = browser or find_browser()
    if path is None:
        raise NoBrowser("no Chromium is installed")
    with _TURN, tempfile.TemporaryDirectory(prefix="voicehive-print-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "report.html").write_text(page, encoding="utf-8")
        job = {"browser": path, "pdf": pdf, "pictures": list(pictures)}
        _run([sys.executable, "-P", str(_PRINTING), str(folder)], json.dumps(job), limit)
        return Printed(
            (folder / "report.pdf").read_bytes() if pdf else b"",
            {each: (folder / f"{each}.png").read_bytes() for each in pictures},
        )


def _run(command: Sequence[str], given: str, limit: float) -> None:
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603 - ours
    try:
        _, said = process.communicate(given, timeout=limit)
    except subprocess.TimeoutExpired:
        raise NoBrowser(f"Chromium did not print within {limit:g} s") from None
    finally:
        _kill(process)
    if process.returncode:
        last = (said.strip().splitlines() or ["no reason given"])[-1]
        raise NoBrowser(f"Chromium did not print: {last[:300]}")


def _kill(process: subprocess.Popen[str]) -> None:
    """End it and all that it started, if anything still runs."""
    if process.poll() is None:
        with contextlib.suppress(psutil.NoSuchProcess):
            for each in [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    each.kill()
        process.communicate()
