"""Is each part of the service at work? One line each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.components.plain import Children, Plain, h
from app.format import count, duration
from app.pages.system.watched import Watched
from data.record import RecordUnavailable

if TYPE_CHECKING:
    from app.services import Services

_WORDS = {"good": "at work", "warn": "look", "bad": "fails"}
_SIGNS = {"good": "✓", "warn": "!", "bad": "✕"}
#: Messages that wait for so long (seconds) are stuck.
_STUCK = 300
_MUCH_WAITING = 5_000


@dataclass(frozen=True, slots=True)
class Check:
    """A part, how it is (good, warn, bad), and what is seen of it."""

    name: str
    state: str
    detail: str


def checks(services: Services, data: Watched) -> list[Check]:
    """All parts, in the order in which a call goes through them."""
    waiting = services.ingest.waiting
    faults = services.rules.file_error
    found = [
        _record(services),
        Check("Intake", "warn" if waiting > _MUCH_WAITING else "good", f"{count(waiting)} events wait to be stored"),
        _copy(services),
        _samples(data),
        Check("Alert rules", "bad" if faults else "good", faults.partition("\n")[0] or _leads(services)),
        _outbox(services),
    ]
    targets = [(job, share) for job, share in data.ups.items() if job != "voicehive"]
    return found + [
        Check(f"Target {job}", "good" if share >= 1 else "warn" if share > 0 else "bad", f"up {100 * share:.1f} %")
        for job, share in sorted(targets)
    ]


def _record(services: Services) -> Check:
    kind = "SQLite" if services.record.is_sqlite else "PostgreSQL"
    try:
        services.record.ping()
    except RecordUnavailable as error:
        return Check("Call record", "bad", f"{kind} does not answer: {str(error).partition(chr(10))[0][:120]}")
    return Check("Call record", "good", f"{kind} answers; /readyz says ready")


def _copy(services: Services) -> Check:
    try:
        lag = services.copy.lag()
    except RecordUnavailable:
        return Check("Analytic copy", "warn", "waits for the call record")
    return Check("Analytic copy", "good", "up to date" if not lag else f"{count(lag)} changes behind, until asked")


def _samples(data: Watched) -> Check:
    share = data.availability
    if share is None:
        return Check("Sampler", "warn", "no samples in this range")
    return Check("Sampler", "good", f"every 15 s; {share:.1f} % of the rounds were taken")


def _leads(services: Services) -> str:
    if services.remote is not None:
        return "judged by Prometheus"
    return "judged here" if services.lease.held else "judged by another instance"


def _outbox(services: Services) -> Check:
    try:
        messages, oldest = services.notifier.waiting()
    except RecordUnavailable:
        return Check("Notifications", "warn", "wait for the call record")
    if fault := services.notifier.config_error:
        return Check("Notifications", "bad", fault.partition("\n")[0])
    if not messages:
        return Check("Notifications", "good", "nothing waits")
    words = f"{count(messages)} wait, the oldest for {duration(oldest)}"
    return Check("Notifications", "warn" if oldest > _STUCK else "good", words)


def rows(found: list[Check]) -> Children:
    """The checks as a list."""
    return h("Ul", [_row(check) for check in found], cls="vh-checks")


def _row(check: Check) -> Plain:
    mark = [h("Span", _SIGNS[check.state], aria_hidden="true"), h("Span", _WORDS[check.state], cls="visually-hidden")]
    return h("Li", [h("Span", mark, cls=f"vh-check vh-{check.state}"), h("Strong", check.name),
                    h("Span", check.detail, cls="vh-note")])  # fmt: skip
