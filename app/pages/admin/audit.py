"""The audit log: newest first, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import orjson

from app.components.plain import Plain, h, icon
from app.pages.admin.words import card, moment, rows
from app.pages.alerts.words import query
from data.access.audit import Entry

AT_ONCE = 50


def audit(found: Sequence[Entry], text: str, *, first: bool, zone: str) -> list[Plain]:
    """Lines in which `text` occurs; `first`: the newest of them."""
    address = f"/api/admin/audit.csv?{urlencode({'q': text})}" if text else "/api/admin/audit.csv"
    export = h("A", [icon("download"), "CSV"], href=address, cls="vh-button", download="audit.csv")
    nothing = f"No line has {text!r} in it." if text else "Nothing was written down yet."
    turns = []
    if not first:
        turns.append(h("Button", "Newest", type="button", cls="vh-button", data_query=query(before=""), data_fixed="1"))
    if len(found) == AT_ONCE:
        older = query(before=str(found[-1].id))
        turns.append(h("Button", "Older", type="button", cls="vh-button", data_query=older, data_fixed="1"))
    body = [rows([_row(entry, zone) for entry in found], "audit", nothing), h("Div", turns, cls="ad-turns")]
    return [card("Audit log", None, body, export, note="Lines are only added; nobody can change or remove one here.")]


def _row(entry: Entry, zone: str) -> Plain:
    subject = "" if entry.subject == entry.actor else entry.subject
    said = [
        h("Span", entry.action, cls="ad-action"),
        " ",
        h("Span", subject, cls="ad-subject"),
        h("Span", difference(entry.before, entry.after), cls="ad-difference"),
    ]
    return h(
        "Li",
        [
            h("Span", moment(entry.at, zone), cls="ad-fact ad-when"),
            h("Span", entry.actor or "nobody", cls="ad-name"),
            h("Span", said, cls="ad-text"),
            h("Span", entry.address, cls="ad-fact ad-address"),
        ],
        cls="ad-row",
        key=str(entry.id),
    )


def difference(before: Any, after: Any) -> str:
    """Before and after in words: only what differs, where both are known."""
    if not isinstance(before, dict) and not isinstance(after, dict):
        known = [_text(value) for value in (before, after) if value is not None]
        return " → ".join(known)
    old, new = (value if isinstance(value, dict) else {} for value in (before, after))
    words = []
    for name in dict.fromkeys([*old, *new]):
        if name in old and name in new:
            if old[name] != new[name]:
                words.append(f"{name}: {_text(old[name])} → {_text(new[name])}")
        elif name in old:
            words.append(f"{name} was {_text(old[name])}")
        else:
            words.append(f"{name}: {_text(new[name])}")
    return " · ".join(words)


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    return orjson.dumps(value).decode()
