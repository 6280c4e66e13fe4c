"""The rules and their alerts: /api/v1/rules and /api/v1/alerts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import request

from alerts.evaluator import RuleState
from alerts.rules import Group
from alerts.states import Alert, State
from app.api.describe import Parameter, listing, obj
from app.api.prometheus import parameters
from app.api.prometheus.envelope import route
from app.api.prometheus.notation import moment, scientific, seconds
from app.services import services

_KINDS = {"alert": "alerting", "record": "recording"}


@route(
    "/api/v1/rules",
    "The rules by group, with their alerts and how their last evaluation went",
    parameters=[
        Parameter("type", "Only rules of this type.", {"enum": list(_KINDS)}),
        Parameter("rule_name[]", "Only rules of this name; repeat it for several."),
        Parameter("rule_group[]", "Only this group; repeat it for several."),
        Parameter("file[]", "Only groups of this file; repeat it for several."),
        Parameter("match[]", "Only rules whose labels meet this selector; repeat it for those of any."),
        Parameter("exclude_alerts", "true: without the alerts.", {"enum": ["true", "false"]}),
    ],
    data=obj(groups=listing({"type": "object"})),
)
def rules() -> Any:
    file, files = str(services().rules.path), request.values.getlist("file[]")
    names, groups = request.values.getlist("rule_name[]"), request.values.getlist("rule_group[]")
    kind, matcher_sets = _kind(), parameters.selectors()
    with_alerts = not _is_true("exclude_alerts")

    def is_wanted(group: Group, state: RuleState) -> bool:
        labels = _labels(group, state)
        return (
            kind in ("", _kind_of(state))
            and (not names or state.rule.name in names)
            and (
                not matcher_sets
                or any(all(m.matches(labels.get(m.name, "")) for m in matchers) for matchers in matcher_sets)
            )
        )

    found = []
    for group, states in services().rules.groups:
        if (groups and group.name not in groups) or (files and file not in files):
            continue
        wanted = [_rule(group, state, with_alerts) for state in states if is_wanted(group, state)]
        if wanted:
            found.append(_group(group, states, file) | {"rules": wanted})
    return {"groups": found}


@route("/api/v1/alerts", "The pending and firing alerts", data=obj(alerts=listing({"type": "object"})))
def alerts() -> Any:
    states = [state for _, states in services().rules.groups for state in states]
    return {"alerts": [_alert(alert) for state in states for alert in _active(state)]}


def _kind() -> str:
    text = request.values.get("type", "")
    if text and text.lower() not in _KINDS:
        raise parameters.bad("type", f'not supported value "{text[:100]}"')
    return _KINDS.get(text.lower(), "")


def _is_true(name: str) -> bool:
    text = request.values.get(name, "false").lower()
    if text not in ("true", "false"):
        raise parameters.bad(name, f'"{text[:100]}" is neither true nor false')
    return text == "true"


def _kind_of(state: RuleState) -> str:
    return _KINDS["record" if state.rule.record else "alert"]


def _labels(group: Group, state: RuleState) -> dict[str, str]:
    return {**group.labels, **state.rule.labels}


def _group(group: Group, states: list[RuleState], file: str) -> dict[str, Any]:
    evaluated = [state.evaluated_at for state in states if state.evaluated_at is not None]
    return {
        "name": group.name,
        "file": file,
        "interval": seconds(group.interval),
        "limit": group.limit,
        "evaluationTime": sum(state.seconds for state in states),
        "lastEvaluation": moment(max(evaluated, default=None)),
    }


def _rule(group: Group, state: RuleState, with_alerts: bool) -> dict[str, Any]:
    rule = state.rule
    shown: dict[str, Any] = {
        "name": rule.name,
        "query": rule.expr.strip(),
        "labels": _labels(group, state),
        "health": "err" if state.error else "unknown" if state.evaluated_at is None else "ok",
        "evaluationTime": state.seconds,
        "lastEvaluation": moment(state.evaluated_at),
        "type": _kind_of(state),
    }
    if state.error:
        shown["lastError"] = state.error
    if rule.alert:
        active = list(_active(state))
        shown |= {
            "state": max((alert.state for alert in active), key=list(State).index, default=State.INACTIVE),
            "duration": seconds(rule.hold),
            "keepFiringFor": seconds(rule.keep_firing_for),
            "annotations": rule.annotations,
            "alerts": [_alert(alert) for alert in active] if with_alerts else [],
        }
    return shown


def _active(state: RuleState) -> Iterator[Alert]:
    # A copy, made in one go: the rules' thread goes on meanwhile.
    return (alert for alert in list(state.alerts.alerts.values()) if alert.state is not State.INACTIVE)


def _alert(alert: Alert) -> dict[str, Any]:
    shown = {
        "labels": alert.labels,
        "annotations": alert.annotations,
        "state": alert.state,
        "activeAt": moment(alert.active_at),
        "value": scientific(alert.value),
    }
    if alert.keep_firing_since is not None:
        shown["keepFiringSince"] = moment(alert.keep_firing_since)
    return shown
