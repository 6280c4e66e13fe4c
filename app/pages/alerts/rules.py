"""The rules: what each watches, how it stands, and how its last evaluation went."""

from __future__ import annotations

from collections.abc import Sequence

from alerts.config import written_duration
from alerts.evaluator import RuleState
from alerts.rules import Group
from alerts.states import State
from app.components.plain import Plain, h, icon
from app.format import words
from app.pages.alerts.words import act, ago, tag, tone

_ORDER = (State.FIRING, State.PENDING, State.INACTIVE)


def rules(groups: Sequence[tuple[Group, Sequence[RuleState]]], faults: dict[str, str], zone: str) -> list[Plain]:
    """Faults of the files (rules, routes -> what is wrong) and of single rules, alerts by group, what is recorded."""
    every = [(group, state) for group, states in groups for state in states]
    alerting = [(group, state) for group, state in every if state.rule.alert]
    recording = [(group, state) for group, state in every if state.rule.record]
    bad = sum(bool(state.error) for _, state in every)
    alerts, places = _some(len(alerting), "alert"), _some(len(groups), "group")
    words_of_state = f"{alerts} and {len(recording)} recorded series in {places}"
    words_of_state += f"; {bad} can't be judged" if bad else ""
    bar = h(
        "Div", [h("P", f"{words_of_state}.", cls="vh-note"), act("Reload files", "reload")], cls="al-bar", key="bar"
    )
    return [
        bar,
        *(_refused(what, lines) for what, lines in faults.items()),
        *_failing(every),
        *(_section(g.name, [s for h_, s in alerting if h_ is g], g, zone) for g, _ in groups if _has_alert(g)),
        _recorded([state for _, state in recording], zone),
    ]


def _some(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _has_alert(group: Group) -> bool:
    return any(rule.alert for rule in group.rules)


def _refused(what: str, faults: str) -> Plain:
    return _fault(f"The file of {what} was not taken; what was in force before still is.", faults, what)


def _failing(states: Sequence[tuple[Group, RuleState]]) -> list[Plain]:
    """Where rules go wrong while they are judged, a line each."""
    lines = [
        f"{state.rule.place}: group {group.name}, {state.rule.name}: {wrong}"
        for group, state in states
        if (wrong := _wrong(state))
    ]
    return [_fault("Not all rules work as they are written.", "\n".join(lines), "failing")] if lines else []


def _wrong(state: RuleState) -> str:
    return f"can't be judged: {state.error}" if state.error else state.template_error


def _fault(said: str, lines: str, key: str) -> Plain:
    head = h("Div", [icon("exclamation-triangle"), h("Strong", said)], cls="vh-failed")
    content = [head, h("Pre", lines, cls="al-expr", tabIndex=0)]
    return h("Section", content, cls="vh-card al-fault", role="alert", key=f"fault-{key}")


def _section(title: str, states: Sequence[RuleState], group: Group, zone: str) -> Plain:
    head = h("Header", [h("H2", title, cls="vh-card-title"),
                        h("Span", f"every {written_duration(group.interval)}", cls="vh-card-unit")],
             cls="vh-card-head")  # fmt: skip
    rows = [_row(state, index, zone) for index, state in enumerate(states)]
    return h(
        "Section", [head, h("Ul", rows, cls="al-rows al-rules")], cls="vh-card", aria_label=title, key=f"g-{title}"
    )


def _recorded(states: Sequence[RuleState], zone: str) -> Plain:
    rows = [_row(state, index, zone) for index, state in enumerate(states)]
    title = h("Summary", f"{len(states)} recorded series", cls="al-more")
    return h("Details", [title, h("Ul", rows, cls="al-rows al-rules")], cls="vh-card", key="recorded")


def _row(state: RuleState, index: int, zone: str) -> Plain:
    rule = state.rule
    standing = _standing(state)
    severity = rule.labels.get("severity", "")
    dot = tone(severity) if standing is State.FIRING else "missed" if standing is State.INACTIVE else "abandoned"
    hold = f"for {written_duration(rule.hold)}" if rule.hold else ""
    name = words(rule.name) if rule.alert else rule.name
    more = [f"{each}={text}" for each, text in rule.labels.items() if each in ("window", "slo")]
    return h(
        "Li",
        [
            h("Span", cls=f"vh-dot vh-dot-{dot}", aria_hidden="true"),
            h("Span", [h("Strong", name), *(h("Code", each, cls="al-label") for each in more)], cls="al-name"),
            h("Span", h("Code", " ".join(rule.expr.split())), cls="al-summary", data_tip=" ".join(rule.expr.split())),
            h("Span", _marks(state, standing), cls="al-marks"),
            h("Span", hold, cls="al-next"),
            h("Span", _judged(state, zone), cls="al-age"),
        ],
        cls="al-row al-still",
        key=f"{rule.name}/{index}",
    )


def _standing(state: RuleState) -> State:
    found = {alert.state for alert in list(state.alerts.alerts.values())}
    return next((each for each in _ORDER if each in found), State.INACTIVE)


def _marks(state: RuleState, standing: State) -> list[Plain]:
    if state.error:
        return [h("Span", "error", cls="vh-tag vh-tag-error", data_tip=state.error)]
    if state.rule.record:
        return []
    template = [h("Span", "template fails", cls="vh-tag vh-tag-error", data_tip=state.template_error)]
    number = sum(alert.state is standing for alert in list(state.alerts.alerts.values()))
    tints = {State.FIRING: tone(state.rule.labels.get("severity", "")), State.PENDING: "abandoned"}
    many = f" {number}" if number > 1 and standing is not State.INACTIVE else ""
    standing_tag = tag(f"{standing.value}{many}", tints.get(standing, "quiet"))
    return [*(template if state.template_error else []), standing_tag]


def _judged(state: RuleState, zone: str) -> list[Plain | str]:
    if state.evaluated_at is None:
        return ["not yet judged"]
    return [ago(state.evaluated_at, zone), f" · {state.seconds * 1000:.1f} ms"]
