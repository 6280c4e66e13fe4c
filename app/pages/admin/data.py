"""What is kept for how long, what is due to go, and callers who ask to be forgotten."""

from __future__ import annotations

from collections.abc import Sequence

from app.components.plain import Plain, h
from app.format import count
from app.pages.admin.words import ask, card, day, opens, rows
from data.policy import Policy
from data.retention import Due

_NAMES = {
    "calls": ("Calls", "RETENTION_DAYS"),
    "documents": ("Transcripts, traces and spans", "RETENTION_DOCUMENT_DAYS"),
    "alerts": ("History of alerts", "RETENTION_ALERT_DAYS"),
    "audit": ("Audit log", "RETENTION_AUDIT_DAYS"),
    "sessions": ("Sessions that are over", ""),
}
_FORGET = (
    "All calls of a caller with transcripts, payloads and notes, in the database, its copies and the archive. Backups "
    "keep what they hold: delete those that are older than the request in time."
)


def data(policy: Policy, found: Sequence[Due], zone: str) -> list[Plain]:
    """Retention, and forgetting."""
    due = {each.kind: each for each in found}
    total = sum(each.rows for each in found)
    question = f"Delete {count(total)} rows that are older than the settings allow? They do not come back."
    run = ask("Delete what is due", "POST", "/api/admin/retention", confirm=question)
    note = "What is due goes by itself once an hour."
    if policy.archive is not None:
        note += f" Calls are written into {policy.archive} first."
    listed = [_row(kind, policy.kinds().get(kind), due.get(kind), zone) for kind in _NAMES]
    return [
        card("Retention", None, rows(listed, "retention", ""), *([run] if total else []), note=note),
        card("Forget a caller", None, h("P", _FORGET, cls="vh-note"), opens("Forget a caller", "forget")),
    ]


def _row(kind: str, days: int | None, due: Due | None, zone: str) -> Plain:
    name, key = _NAMES[kind]
    kept = "for ever" if days is None else f"for {count(days)} day{'' if days == 1 else 's'}"
    waiting = "–" if due is None else f"{count(due.rows)} due"
    return h(
        "Li",
        [
            h("Span", name, cls="ad-name"),
            h("Span", kept, cls="ad-text"),
            h("Span", waiting, cls="ad-fact", data_tip=f"from before {day(due.before, zone)}" if due else None),
            h("Span", h("Code", key) if key else "", cls="ad-fact ad-wide"),
        ],
        cls="ad-row",
        key=kind,
    )
