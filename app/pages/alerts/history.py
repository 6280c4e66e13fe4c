"""What fired in the range: how long it took to notice and to mend, by rule and one by one."""

from __future__ import annotations

from collections.abc import Sequence

from alerts.history import Incident, RuleHistory, by_rule, mean
from alerts.rules import Rule
from app.addresses import alert_path
from app.components.kpi import KpiCard
from app.components.plain import Plain, h
from app.format import UNKNOWN, count, duration, words
from app.pages.alerts.affected import calls_behind
from app.pages.alerts.words import nothing, short_clock, tone

_MOST_SHOWN = 200


def history(found: Sequence[Incident], rules: dict[str, Rule], now: int, zone: str) -> list[Plain]:
    """Means, rules and incidents; `rules` by name. `now` in milliseconds."""
    if not found:
        return [h("Section", nothing("No alert fired in this range."), cls="vh-card", key="none")]
    return [_means(found, now), _rules(by_rule(found, now)), _incidents(found, rules, zone)]


def _means(found: Sequence[Incident], now: int) -> Plain:
    acknowledged = [each.ms_to_acknowledge for each in found if each.acknowledged]
    resolved = [each.ms_to_resolve for each in found if each.resolved_at is not None]
    firing = sum((now if each.resolved_at is None else each.resolved_at) - each.fired_at for each in found)
    made = (
        KpiCard("Alerts fired", "bell", count(len(found)), "Alerts that began to fire in this range.",
                note=f"{sum(each.severity == 'critical' for each in found)} critical"),
        KpiCard("Time to acknowledge", "clock", _span(mean(acknowledged)),
                "MTTA: the mean time from firing to the acknowledgement, of the alerts that were acknowledged.",
                note=f"{len(acknowledged)} of {len(found)} acknowledged"),
        KpiCard("Time to resolve", "check-circle", _span(mean(resolved)),
                "MTTR: the mean time from firing to the end, of the alerts that ended.",
                note=f"{len(resolved)} of {len(found)} resolved"),
        KpiCard("Time firing", "exclamation-triangle", _span(firing), "All alerts together.", note="of all alerts"),
    )  # fmt: skip
    cards = [h("Section", card.children(), cls="vh-card vh-kpi") for card in made]
    return h("Div", cards, cls="vh-grid vh-kpis al-kpis", key="means")


def _span(millis: float | None) -> str:
    return UNKNOWN if millis is None else duration(millis / 1000)


def _rules(rows: Sequence[RuleHistory]) -> Plain:
    head = h("Thead", h("Tr", [h("Th", name, scope="col") for name in ("Rule", "Fired", "MTTA", "MTTR", "Firing")]))
    body = [
        h(
            "Tr",
            [
                h("Th", [_dot(row.severity), words(row.name)], scope="row"),
                h("Td", count(row.fired), data_label="Fired"),
                h("Td", _span(row.mtta), data_label="MTTA", data_tip=f"{row.acknowledged} acknowledged"),
                h("Td", _span(row.mttr), data_label="MTTR"),
                h("Td", _span(row.firing_ms), data_label="Firing"),
            ],
            key=row.name,
        )
        for row in rows
    ]
    return _card("By rule", h("Table", [head, h("Tbody", body)], cls="al-table al-numbers"))


def _incidents(found: Sequence[Incident], rules: dict[str, Rule], zone: str) -> Plain:
    rows = [_incident(each, rules.get(each.name), zone) for each in found[:_MOST_SHOWN]]
    more = (
        [h("P", f"The newest {_MOST_SHOWN} of {count(len(found))}.", cls="vh-note")] if len(found) > len(rows) else []
    )
    return _card("One by one", [h("Ul", rows, cls="al-rows al-history"), *more])


def _incident(incident: Incident, rule: Rule | None, zone: str) -> Plain:
    note = incident.acknowledged
    lasted = incident.ms_to_resolve
    link = calls_behind(incident, rule)
    state = f"for {_span(lasted)}" if lasted is not None else "still firing"
    owner = f"{note.who} after {_span(incident.ms_to_acknowledge)}" if note else "not acknowledged"
    calls = h("A", "calls", href=link, cls="vh-link") if link else ""
    return h(
        "Li",
        [
            _dot(incident.severity),
            h("Span", h("A", words(incident.name) or "Alert", href=alert_path(incident.fingerprint), data_nav="1"),
              cls="al-name"),
            h("Span", incident.annotations.get("summary", ""), cls="al-summary"),
            h("Span", owner, cls="al-next", data_tip=note.comment if note and note.comment else None),
            h("Span", [state, " ", calls], cls="al-marks"),
            h("Span", short_clock(incident.fired_at, zone), cls="al-age"),
        ],
        cls="al-row al-still",
        key=str(incident.id),
    )  # fmt: skip


def _dot(severity: str) -> Plain:
    return h("Span", h("Span", severity or "no severity", cls="visually-hidden"),
             cls=f"vh-dot vh-dot-alert vh-dot-{tone(severity)}")  # fmt: skip


def _card(title: str, body: Plain | list[Plain]) -> Plain:
    head = h("Header", h("H2", title, cls="vh-card-title"), cls="vh-card-head")
    return h(
        "Section", [head, *(body if isinstance(body, list) else [body])], cls="vh-card", aria_label=title, key=title
    )
