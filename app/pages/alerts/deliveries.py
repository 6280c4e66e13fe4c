"""Who can be told, and what became of each message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alerts.outbox import Delivery, Status
from alerts.views import ReceiverView
from app.components.plain import Children, Plain, h
from app.format import words
from app.pages.alerts.words import act, ago, due, nothing, tag

_TINTS = {Status.SENT: "good", Status.FAILED: "error", Status.RETRYING: "abandoned"}


def deliveries(receivers: Sequence[ReceiverView], log: Sequence[Delivery], zone: str) -> list[Plain]:
    """The receivers with a test each, and the newest messages first."""
    rows = [_receiver(each, zone) for each in receivers]
    return [
        _card(
            "Receivers", h("Ul", rows, cls="al-rows") if rows else nothing("The configuration names nobody to tell.")
        ),
        _card(
            "Messages",
            h("Ul", [_delivery(each, zone) for each in log], cls="al-rows")
            if log
            else nothing("Nobody was told of anything yet."),
        ),
    ]


def _receiver(view: ReceiverView, zone: str) -> Plain:
    ready = tag("ready", "good") if not view.unready else tag("not configured")
    test = [] if view.unready else [act("Send a test", "test", data_receiver=view.key)]
    last: Children = "nothing sent yet"
    if view.last:
        last = [f"last {view.last.status.value} ", ago(view.last.finished_at or view.last.created_at, zone)]
    return h(
        "Li",
        [
            h("Span", [h("Strong", view.receiver), h("Span", f" {view.kind}", cls="vh-note")], cls="al-name"),
            h("Span", view.unready, cls="al-summary"),
            h("Span", ready, cls="al-marks"),
            h("Span", last, cls="al-next"),
            h("Span", test, cls="al-buttons"),
        ],
        cls="al-row al-still al-receiver",
        key=view.key,
    )


def _delivery(delivery: Delivery, zone: str) -> Plain:
    tried = "" if delivery.attempts == 1 else f"{delivery.attempts} tries"
    after: Children = tried
    if delivery.status is Status.RETRYING:
        after = [f"{tried}, again " if tried else "again ", due(delivery.next_at, zone)]
    return h(
        "Li",
        [
            h("Span", h("Strong", delivery.target), cls="al-name"),
            h("Span", [_subject(delivery), *([h("Span", delivery.error, cls="al-error")] if delivery.error else [])],
              cls="al-summary"),
            h("Span", tag(delivery.status.value, _TINTS.get(delivery.status, "quiet")), cls="al-marks"),
            h("Span", after, cls="al-next"),
            h("Span", ago(delivery.created_at, zone), cls="al-age"),
        ],
        cls="al-row al-still al-receiver",
        key=str(delivery.id),
    )  # fmt: skip


def _subject(delivery: Delivery) -> str:
    """The alerts that a message tells of."""
    payload: Any = delivery.payload if isinstance(delivery.payload, dict) else {}
    alerts = payload.get("alerts", [])
    at = payload.get("at", delivery.created_at)
    over = sum(each.get("ends_at") is not None and each["ends_at"] <= at for each in alerts)
    names = dict.fromkeys(words(each.get("labels", {}).get("alertname", "")) for each in alerts)
    text = ", ".join(names) or delivery.kind
    return f"{text} ({'resolved' if over == len(alerts) else f'{over} resolved'})" if over else text


def _card(title: str, body: Plain) -> Plain:
    head = h("Header", h("H2", title, cls="vh-card-title"), cls="vh-card-head")
    return h("Section", [head, body], cls="vh-card", aria_label=title, key=title)
