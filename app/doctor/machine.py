"""This machine: folders, disk, ports, programs."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx

from alerts.config import ConfigError
from alerts.dispatch.config import load_config
from alerts.notifier import CONFIG_FILE
from alerts.rules import load_rules
from alerts.running import RULES_FILE
from app.doctor.finding import Finding, fail, note, ok
from app.reports.paper import find_browser
from app.server import check_address
from app.settings import Settings, SettingsError

_LEAST_BYTES, _LITTLE_BYTES = 200e6, 2e9


def findings(settings: Settings) -> Iterator[Finding]:
    """All of them."""
    yield _folder("VAR_DIR", settings.var_dir)
    for key, folder in (("ARCHIVE_DIR", settings.archive_dir), ("REPORT_DIR", settings.report_dir)):
        if folder is not None:
            yield _folder(key, folder)
    yield _disk(settings.var_dir)
    yield _ports(settings)
    yield _chromium()
    yield from _files()


def _folder(name: str, folder: Path) -> Finding:
    existing = folder
    while not existing.exists():
        existing = existing.parent
    try:
        # Permissions alone do not tell of a file system that is mounted read-only.
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        return fail(
            name, f"can't write to {existing}: {error.strerror}", f"choose another folder, or: chown it to {_user()}"
        )
    return ok(name, f"{folder} can be written" if existing == folder else f"{folder} is made when it is needed")


def _user() -> str:
    return f"user {os.getuid()}"


def _disk(folder: Path) -> Finding:
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    seen = f"{free / 1e9:.1f} GB free below {folder}"
    if free < _LEAST_BYTES:
        return fail("disk", seen, "calls are refused with 507 once it is full: make room, or set RETENTION_DAYS")
    return note("disk", seen, "it will not last: set RETENTION_DAYS") if free < _LITTLE_BYTES else ok("disk", seen)


def _ports(settings: Settings) -> Finding:
    try:
        check_address(settings)
    except SettingsError as error:
        if serves(settings):
            return ok("ports", f"VoiceHive answers on {settings.address}")
        return fail("ports", str(error), "stop the other program, or set PORT or PROMETHEUS_PORT")
    return ok("ports", f"{settings.port} and {settings.prometheus_port} are free; no server runs")


def serves(settings: Settings) -> bool:
    """Whether the server of these settings runs."""
    scheme = "https" if settings.tls_cert_file else "http"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    try:
        # Whether it is one of ours, not whose certificate it has.
        answer = httpx.get(f"{scheme}://{host}:{settings.port}/healthz", timeout=2, verify=False)  # noqa: S501
        return answer.json() == {"status": "ok"}
    except (httpx.HTTPError, ValueError, socket.gaierror):
        return False


def _chromium() -> Finding:
    found = find_browser()
    if found is None:
        return note("Chromium", "not installed: reports come without PDF", "apt install chromium, or Google Chrome")
    return ok("Chromium", found)


def _files() -> Iterator[Finding]:
    for what, path, load in (("rules", RULES_FILE, load_rules), ("routes", CONFIG_FILE, load_config)):
        try:
            load(path)
        except ConfigError as error:
            yield fail(
                what, str(error).replace("\n", "; "), "the last good ones stay in force; mend the file and reload"
            )
        else:
            yield ok(what, f"{path.name} can be used")
