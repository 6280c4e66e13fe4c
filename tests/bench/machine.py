"""On what and with which versions the figures were measured."""

from __future__ import annotations

import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from tests.bench.program import ROOT

_PACKAGES = ("dash", "plotly", "pandas", "numpy", "SQLAlchemy", "duckdb", "gunicorn", "orjson", "pydantic")


def facts() -> dict[str, str]:
    """Name and value of what is worth knowing beside the figures."""
    memory = psutil.virtual_memory().total / 2**30
    return {
        "Date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "Commit": commit(),
        "Machine": f"{_processor()}, {psutil.cpu_count()} cores, {memory:.0f} GB",
        "Load before": ", ".join(f"{load:.1f}" for load in psutil.getloadavg()),
        "System": f"{platform.system()} {platform.release()}, {platform.python_implementation()} "
        f"{platform.python_version()}",
        "Versions": ", ".join(f"{name} {_version(name)}" for name in _PACKAGES),
    }


def commit() -> str:
    """The checkout's commit, and whether files differ from it."""
    head = _git("rev-parse", "--short", "HEAD")
    if not head:
        return "none"
    return f"{head} with changes" if _git("status", "--porcelain") else head


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "–"
