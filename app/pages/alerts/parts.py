"""Data into the page: component id -> props, for the first layout and for every refresh alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.history import incidents
from alerts.rules import Rule
from app.components.choices import segments
from app.components.guard import Parts, guarded
from app.components.plain import Plain
from app.components.states import banner
from app.health import refused
from app.pages.alerts import ids
from app.pages.alerts.backtest import backtest_section
from app.pages.alerts.current import current
from app.pages.alerts.deliveries import deliveries
from app.pages.alerts.detail import detail_parts
from app.pages.alerts.history import history
from app.pages.alerts.rules import rules
from app.pages.alerts.silences import silences
from app.pages.alerts.words import failed
from data.record import RecordUnavailable
from data.times import now_micros

if TYPE_CHECKING:
    from app.filters import PageFilter
    from app.services import Services

_MOST_DELIVERIES = 100


def parts(page: PageFilter, services: Services) -> Parts:
    """The tabs, the view that is chosen, and the alert that is open beside it."""
    view = page.choice("view", ids.VIEWS, ids.VIEWS[0])
    zone, now = page.filter.zone, now_micros() // 1000
    opened = page.text("fingerprint") if view == ids.VIEWS[0] else ""
    found: Parts = {
        ids.TABS: {"children": [_tabs(view, services)]},
        **guarded((ids.BODY,), "This view", lambda: {ids.BODY: {"children": _body(view, page, services, now)}}),
    }
    return found | guarded((ids.DETAIL,), "The alert", lambda: detail_parts(opened, services, now, zone))


def _tabs(view: str, services: Services) -> Plain:
    firing = sum(alert.is_trouble for alert in services.alerts())
    names = {
        "current": f"Current {firing}" if firing else "Current",
        "history": "History",
        "silences": "Silences",
        "rules": "Rules",
        "backtest": "Backtest",
        "deliveries": "Deliveries",
    }
    return segments("view", "View", names, view, ids.VIEWS[0])


def _body(view: str, page: PageFilter, services: Services, now: int) -> list[Plain]:
    zone, bad = page.filter.zone, services.refused_files
    if view == "rules":
        return rules(services.rules.groups, bad, zone)
    lines = [refused(what, faults) for what, faults in bad.items()]
    if view == "current":
        # What is wrong without an alert: that none fires must not sound as if all were well.
        lines += [each.summary for each in services.problems() if not each.fingerprint and each.summary not in lines]
    return [*map(banner, lines), *_view(view, page, services, now)]


def _view(view: str, page: PageFilter, services: Services, now: int) -> list[Plain]:
    zone = page.filter.zone
    if view == "backtest":
        return backtest_section(services.rules.groups, zone)
    if view == "current":
        watching = sum(bool(rule.alert) for group, _ in services.rules.groups for rule in group.rules)
        return current(services.alerts(), watching, page.text("fingerprint"), zone)
    try:
        return _of_the_record(view, page, services, now)
    except RecordUnavailable:
        return [failed("The call record does not answer, so this can't be shown now.")]


def _of_the_record(view: str, page: PageFilter, services: Services, now: int) -> list[Plain]:
    chosen = page.filter
    if view == "silences":
        return silences(services.board.silences(), services.alerts(), now, chosen.zone)
    if view == "deliveries":
        log = services.notifier.deliveries(_MOST_DELIVERIES)
        return deliveries(services.notifier.receivers(), log, chosen.zone)
    start, end = (chosen.start or 0) // 1000, (chosen.end or now_micros()) // 1000
    known: dict[str, Rule] = {rule.name: rule for group, _ in services.rules.groups for rule in group.rules}
    return history(incidents(services.record, start, end, now), known, now, chosen.zone)
