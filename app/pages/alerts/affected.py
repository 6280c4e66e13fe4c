"""From an alert about calls to the calls of its window."""

from __future__ import annotations

from alerts.board import BoardAlert
from alerts.config import milliseconds
from alerts.history import Incident
from alerts.rules import Rule
from alerts.thresholds import longest_window, measured, names, selectors
from app.addresses import calls_link
from data.filters import CallFilter
from data.samples.model import Labels

_CALLS = ("voicehive_calls_total", "voicehive_call_duration_seconds")
#: What is called failed where too few calls succeed.
_NOT_SUCCESS = ("error", "abandoned", "missed", "voicemail")
_DEFAULT_WINDOW_MS, _LONGEST_WINDOW_MS = 300_000, 21_600_000


def calls_behind(alert: BoardAlert | Incident, rule: Rule | None = None) -> str:
    """The list of the calls that the alert is about; empty for one that is not about calls."""
    rule = alert.rule if isinstance(alert, BoardAlert) else rule
    if not _is_about_calls(alert.labels, rule):
        return ""
    start = alert.active_at - _window(alert.labels, rule)
    end = None if alert.resolved_at is None else alert.resolved_at * 1000
    agent = alert.labels.get("agent")
    chosen = CallFilter(start=start * 1000, end=end, status=_statuses(rule), agent=(agent,) if agent else ())
    return calls_link(chosen)


def _is_about_calls(labels: Labels, rule: Rule | None) -> bool:
    if labels.get("topic", "").startswith("call") or labels.get("slo") == "calls":
        return True
    return rule is not None and any(name.startswith(_CALLS) for name in names(rule.query.root))


def _window(labels: Labels, rule: Rule | None) -> int:
    text = labels.get("window", "")
    try:
        found = milliseconds(text) if text else 0
    except ValueError:
        found = 0
    found = found or (longest_window(measured(rule.query).expr.root) if rule else 0)
    return min(found or _DEFAULT_WINDOW_MS, _LONGEST_WINDOW_MS)


def _statuses(rule: Rule | None) -> tuple[str, ...]:
    """Those that the expression counts; where it wants more of them, the others."""
    if rule is None:
        return ()
    held = measured(rule.query)
    found = sorted(
        {m.value for each in selectors(held.expr.root) for m in each.matchers if m.name == "status" and m.op == "="}
    )
    if found == ["success"] and any(each.op in ("<", "<=") for each in held.thresholds):
        return _NOT_SUCCESS
    return tuple(found)
