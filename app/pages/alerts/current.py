"""The alerts as they stand, in rows that lead to each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from alerts.board import BoardAlert
from app.components.plain import Plain, h
from app.format import words
from app.pages.alerts.words import ago, due, nothing, query, tag, tone


def current(alerts: Sequence[BoardAlert], rules: int, opened: str, zone: str) -> list[Plain]:
    """Sections of rows; `rules` are watched, `opened` is the alert shown beside."""
    firing, apart = [alert for alert in alerts if alert.is_trouble], _telling_apart(alerts)
    sections = [
        ("Firing", [alert for alert in firing if alert.acknowledged is None]),
        ("Acknowledged", [alert for alert in firing if alert.acknowledged is not None]),
        ("Pending", [alert for alert in alerts if alert.state == "pending"]),
        ("Resolved in the last 15 minutes", [alert for alert in alerts if alert.state == "resolved"]),
        ("For information", [alert for alert in alerts if alert.state == "firing" and not alert.is_trouble]),
    ]
    shown = [_section(title, found, apart, opened, zone) for title, found in sections if found]
    if not firing:
        calm = nothing(
            f"No alert fires. {rules} rules watch calls, service and machine.",
            h("Button", "Show the rules", type="button", cls="vh-link", data_query=query(view="rules"), data_fixed="1"),
        )
        shown.insert(0, h("Section", calm, cls="vh-card", key="calm"))
    return shown


def _telling_apart(alerts: Sequence[BoardAlert]) -> dict[str, list[Plain]]:
    """By fingerprint the labels in which alerts of one name differ: without them their rows would look alike."""
    alike = defaultdict(list)
    for alert in alerts:
        alike[alert.name].append(alert)
    found = {}
    for same in alike.values():
        names = sorted({name for alert in same for name in alert.labels} - {"severity"})
        differing = [name for name in names if len({alert.labels.get(name) for alert in same}) > 1]
        for alert in same:
            pairs = [(name, alert.labels[name]) for name in differing if name in alert.labels]
            found[alert.fingerprint] = [
                h("Code", text, cls="al-label", data_tip=f"{name}={text}") for name, text in pairs
            ]
    return found


def _section(
    title: str, alerts: Sequence[BoardAlert], apart: Mapping[str, list[Plain]], opened: str, zone: str
) -> Plain:
    head = h("Header", [h("H2", title, cls="vh-card-title"), h("Span", str(len(alerts)), cls="vh-card-unit")],
             cls="vh-card-head")  # fmt: skip
    rows = h("Ul", [_row(alert, apart[alert.fingerprint], opened, zone) for alert in alerts], cls="al-rows")
    return h("Section", [head, rows], cls="vh-card", aria_label=title, key=title)


def _row(alert: BoardAlert, apart: list[Plain], opened: str, zone: str) -> Plain:
    is_open = alert.fingerprint == opened
    button = h(
        "Button",
        [
            h("Span", cls=f"vh-dot vh-dot-alert vh-dot-{_tint(alert)}", aria_hidden="true"),
            h("Span", [h("Strong", words(alert.name) or "Alert"), *apart,
                       h("Span", _severity(alert), cls="visually-hidden")], cls="al-name"),
            h("Span", alert.annotations.get("summary", ""), cls="al-summary"),
            h("Span", marks(alert), cls="al-marks"),
            h("Span", _next(alert, zone), cls="al-next"),
            h("Span", ago(alert.since, zone), cls="al-age"),
        ],
        type="button",
        cls="al-row",
        data_query=query(fingerprint="" if is_open else alert.fingerprint),
        data_fixed="1",
        aria_expanded="true" if is_open else "false",
    )  # fmt: skip
    return h("Li", button, key=alert.fingerprint)


def _severity(alert: BoardAlert) -> str:
    return f", {alert.severity or 'no severity'}, {alert.state}"


def _tint(alert: BoardAlert) -> str:
    return "success" if alert.state == "resolved" else tone(alert.severity)


def marks(alert: BoardAlert) -> list[Plain]:
    """Who looks after it, and what keeps others from hearing of it."""
    found = []
    if alert.acknowledged:
        found.append(tag(f"✓ {alert.acknowledged.who}", "good"))
    if alert.silenced_by:
        found.append(tag("silenced"))
    if alert.inhibited_by:
        found.append(tag("inhibited"))
    if alert.origin:
        found.append(tag(f"from {alert.origin.value.capitalize()}"))
    return found


def _next(alert: BoardAlert, zone: str) -> list[Plain | str]:
    if alert.next_at is None:
        return []
    return ["told ", due(alert.next_at, zone)]
