"""One alert: what it means, who looks after it, what can be done, and what it measured."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from alerts.board import BoardAlert
from alerts.dispatch.silence import Silence
from alerts.outside import Origin
from alerts.promql import Limits, Matrix, PromQLError, range_query
from alerts.receivers import unready
from alerts.thresholds import Measured, measured
from app.addresses import alert_path
from app.components.guard import Parts
from app.components.plain import Children, Plain, h, icon
from app.components.states import note
from app.figures.alert import alert_figure
from app.figures.parts import EMPTY
from app.format import duration, number, words
from app.pages.alerts import ids
from app.pages.alerts.affected import calls_behind
from app.pages.alerts.words import act, ago, clock, due, is_web, labels, linked, query, tag, tone

if TYPE_CHECKING:
    from app.services import Services

_MOST_POINTS, _STEP_MS = 240, 15_000
_BEFORE_MS, _AFTER_MS, _LONGEST_MS = 3_600_000, 900_000, 86_400_000
_PATIENCE_SECONDS = 2.0
_MOST_SERIES = 8
_TOLD_BY = {
    Origin.ALERTMANAGER: "an outside Alertmanager, which tells its own receivers",
    Origin.PROMETHEUS: "an outside Prometheus; the routes here tell of it",
}


def detail_parts(fingerprint: str, services: Services, now: int, zone: str) -> Parts:
    """The panel beside the list; empty where no alert is open. `now` in milliseconds."""
    closed: Parts = {
        ids.DETAIL: {"children": [], "className": "d-none"},
        ids.FACTS: {"children": []},
        ids.CHART: {"figure": EMPTY},
        f"{ids.CHART}-note": {"children": note("")},
        ids.CHART_BOX: {"className": "al-chart d-none"},
    }
    if not fingerprint:
        return closed
    alert = next((each for each in services.alerts() if each.fingerprint == fingerprint), None)
    if alert is None:
        return closed | {ids.DETAIL: {"children": _gone(), "className": "al-card"}}
    silences = {each.id: each for each in services.board.silences()} if alert.silenced_by else {}
    shown: Parts = {
        ids.DETAIL: {"children": _head(alert), "className": "al-card"},
        ids.FACTS: {"children": _below(alert, silences, services, zone)},
    }
    return closed | shown | (_chart(alert, services, now, zone) if alert.rule else {})


def _gone() -> list[Plain]:
    text = "This alert is neither pending nor firing, nor was it resolved in the last 15 minutes."
    history = h("Button", "Look in the history", type="button", cls="vh-link", data_fixed="1",
                data_query=query(view="history", fingerprint=""))  # fmt: skip
    return [h("Div", [h("H2", "No such alert now", cls="al-title"), _close()], cls="al-head"), h("P", text), history]


def _head(alert: BoardAlert) -> list[Plain]:
    """What it is, and what can be done."""
    head = [
        h("Span", cls=f"vh-dot vh-dot-alert vh-dot-{tone(alert.severity)}", aria_hidden="true"),
        h("H2", words(alert.name) or "Alert", cls="al-title"),
        tag(alert.severity or "no severity", tone(alert.severity)),
        tag(alert.state, "good" if alert.state == "resolved" else "quiet"),
        _close(),
    ]
    lead = h("P", alert.annotations.get("summary", ""), cls="al-lead")
    return [h("Div", head, cls="al-head"), lead, h("Div", _actions(alert), cls="al-actions")]


def _below(alert: BoardAlert, silences: dict[str, Silence], services: Services, zone: str) -> list[Plain]:
    """What it means, what is known of it, and how it is found."""
    texts: list[tuple[str, Children]] = [
        (name.replace("_", " ").capitalize(), linked(text))
        for name, text in alert.annotations.items()
        if text and name != "summary"
    ]
    found = [
        _terms(texts, "vh-facts al-texts"),
        _terms(_facts(alert, silences, services, zone), "vh-facts"),
        h("Div", labels(alert.labels), cls="al-labels"),
    ]
    if alert.rule:
        found.append(h("Pre", h("Code", alert.rule.expr.strip()), cls="al-expr", tabIndex=0))
    return found


def _terms(pairs: list[tuple[str, Children]], cls: str) -> Plain:
    return h("Dl", [each for name, value in pairs for each in (h("Dt", name), h("Dd", value))], cls=cls)


def _close() -> Plain:
    return h("Button", icon("x"), type="button", cls="vh-button vh-quiet vh-icon-button al-close", data_fixed="1",
             data_query=query(fingerprint=""), aria_label="Close")  # fmt: skip


def _actions(alert: BoardAlert) -> list[Plain]:
    key = {"data_fingerprint": alert.fingerprint}
    found = []
    if alert.state != "resolved":
        if alert.acknowledged is None:
            found.append(act("Acknowledge", "ack", cls="vh-button vh-primary", data_name=words(alert.name), **key))
        else:
            found.append(act("Undo acknowledgement", "unack", **key))
        if alert.origin is not Origin.ALERTMANAGER:
            conditions = "\n".join(f"{name}={_quoted(text)}" for name, text in sorted(alert.labels.items()))
            found.append(act("Silence", "silence", data_matchers=conditions))
    if link := calls_behind(alert):
        found.append(h("A", [icon("telephone"), "Affected calls"], href=link, cls="vh-button"))
    if is_web(alert.generator_url):
        found.append(h("A", "Source", href=alert.generator_url, target="_blank", rel="noopener noreferrer nofollow",
                       cls="vh-button"))  # fmt: skip
    return found


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _facts(
    alert: BoardAlert, silences: dict[str, Silence], services: Services, zone: str
) -> list[tuple[str, Children]]:
    found: list[tuple[str, Children]] = [
        (alert.state.capitalize(), [ago(alert.since, zone), f" · {clock(alert.since, zone)}"])
    ]
    if alert.state == "resolved" and alert.fired_at is not None and alert.resolved_at is not None:
        found.append(("Fired for", duration((alert.resolved_at - alert.fired_at) / 1000)))
    if alert.state == "pending" and alert.rule:
        found.append(("Fires", due(alert.active_at + alert.rule.hold, zone)))
    if alert.value is not None:
        found.append(("Value", h("Span", number(alert.value), data_tip=repr(alert.value))))
    if alert.acknowledged:
        said = [h("Strong", alert.acknowledged.who), " ", ago(alert.acknowledged.at, zone)]
        said += [h("Div", alert.acknowledged.comment)] if alert.acknowledged.comment else []
        found.append(("Acknowledged by", said))
    for silence_id in alert.silenced_by:
        if silence := silences.get(silence_id):
            ends = ["until ", due(silence.ends_at, zone), f" by {silence.created_by}: {silence.comment}"]
            found.append(("Silenced", ends))
    names = {each.fingerprint: words(each.name) for each in services.alerts()}
    if alert.inhibited_by:
        ways = [h("A", names.get(key, key), href=alert_path(key), data_nav="1") for key in alert.inhibited_by]
        found.append(("Inhibited by", [each for way in ways for each in (way, " ")]))
    if alert.state == "firing":
        found.append(("Receivers", _receivers(alert, services, zone)))
    if alert.origin:
        found.append(("Told by", _TOLD_BY[alert.origin]))
    elif alert.group:
        found.append(("Rule group", alert.group.name))
    return found


def _receivers(alert: BoardAlert, services: Services, zone: str) -> Children:
    if alert.origin is Origin.ALERTMANAGER:
        return "those of its Alertmanager"
    if services.notifier.quiet:
        return f"none here: {services.notifier.quiet}"
    config = services.board.config
    reached = [name for name in alert.receivers if not all(unready(way) for way in config.integrations(name))]
    if not reached:
        return h("Button", "none of its receivers is configured", type="button", cls="vh-link",
                 data_query=query(view="deliveries"), data_fixed="1")  # fmt: skip
    told = ", ".join(reached)
    if alert.next_at is not None:
        return [f"{told} · told ", due(alert.next_at, zone)]
    if alert.silenced_by or alert.inhibited_by:
        return f"{told} · not told while it is muted"
    return f"{told} · not told at this time"


def _chart(alert: BoardAlert, services: Services, now: int, zone: str) -> Parts:
    """What the rule measured around the alert, with its threshold."""
    assert alert.rule is not None
    held = measured(alert.rule.query)
    end = now if alert.resolved_at is None else min(now, alert.resolved_at + _AFTER_MS)
    start = max(alert.active_at - _BEFORE_MS, end - _LONGEST_MS)
    step = max(_STEP_MS, -(-(end - start) // _MOST_POINTS // _STEP_MS) * _STEP_MS)
    # On the rules' own beat: the same picture until the next sample.
    start, end = start // step * step, end // step * step
    key = ("alert-chart", alert.fingerprint, start, end, step)
    try:
        found: Matrix = services.answers.get(key, lambda: _measure(held, services, start, end, step), fresh=15.0)
    except PromQLError as error:
        words_of_error = [h("Div", f"Its expression can't be drawn: {error}", cls="vh-note")]
        return {f"{ids.CHART}-note": {"children": words_of_error}, ids.CHART_BOX: {"className": "al-chart"}}
    figure, summary = alert_figure(found, held.thresholds, alert, zone=zone, now=now, most=_MOST_SERIES)
    empty = "" if figure["data"] else "No samples of this time are kept any more."
    return {
        ids.CHART: {"figure": figure},
        f"{ids.CHART}-note": {"children": note(summary, empty)},
        ids.CHART_BOX: {"className": "al-chart"},
    }


def _measure(held: Measured, services: Services, start: int, end: int, step: int) -> Matrix:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    limits = Limits(stop=lambda: time.monotonic() > deadline)
    return range_query(held.expr, services.samples, start, end, step, limits)
