"""Silences: those in force, those to come and those that are over."""

from __future__ import annotations

from collections.abc import Sequence

from alerts.board import BoardAlert, order_of_silences
from alerts.dispatch.matchers import matches
from alerts.dispatch.silence import Silence, SilenceState
from app.components.plain import Children, Plain, h
from app.pages.alerts.words import act, clock, due, nothing, short_clock, tag

_TITLES = {SilenceState.ACTIVE: "Active", SilenceState.PENDING: "Pending", SilenceState.EXPIRED: "Expired"}


def silences(found: Sequence[Silence], alerts: Sequence[BoardAlert], now: int, zone: str) -> list[Plain]:
    """Sections of rows; `now` in milliseconds."""
    ordered = order_of_silences(found, now)
    new = act("New silence", "silence", cls="vh-button vh-primary", data_matchers="")
    bar = h("Div", [h("P", "While a silence is active nobody is told of the alerts that it matches; they stay visible "
                      "and count.", cls="vh-note"), new], cls="al-bar", key="bar")  # fmt: skip
    shown = [bar]
    for state, title in _TITLES.items():
        rows = [_row(each, alerts, now, zone) for each in ordered if each.state(now) is state]
        if rows:
            head = h("Header", [h("H2", title, cls="vh-card-title"), h("Span", str(len(rows)), cls="vh-card-unit")],
                     cls="vh-card-head")  # fmt: skip
            shown.append(h("Section", [head, h("Ul", rows, cls="al-rows")], cls="vh-card", aria_label=title, key=title))
    if not ordered:
        shown.append(h("Section", nothing("There are no silences."), cls="vh-card", key="none"))
    return shown


def _row(silence: Silence, alerts: Sequence[BoardAlert], now: int, zone: str) -> Plain:
    state = silence.state(now)
    matched = sum(a.state != "resolved" and matches(silence.matchers, a.labels) for a in alerts)
    until: Children = short_clock(silence.ends_at, zone)
    if state is SilenceState.ACTIVE:
        until = ["ends ", due(silence.ends_at, zone)]
    elif state is SilenceState.PENDING:
        until = ["starts ", due(silence.starts_at, zone)]
    again = "\n".join(str(each) for each in silence.matchers)
    buttons = [act("Expire", "expire", data_silence=silence.id)]
    if state is SilenceState.EXPIRED:
        buttons = [act("Again", "silence", data_matchers=again)]
    span = f"{clock(silence.starts_at, zone)} to {clock(silence.ends_at, zone)}"
    count = [] if state is SilenceState.EXPIRED else [tag(f"{matched} alert{'' if matched == 1 else 's'}")]
    return h(
        "Li",
        [
            h("Span", [h("Code", str(each), cls="al-label") for each in silence.matchers], cls="al-conditions"),
            h("Span", f"{silence.comment} · {silence.created_by}", cls="al-summary"),
            h("Span", count, cls="al-marks"),
            h("Span", until, cls="al-next", data_tip=span),
            h("Span", buttons, cls="al-buttons"),
        ],
        cls="al-row al-still al-silence",
        key=silence.id,
    )
