"""The view in which an alert is tried over the past, as it is and with another threshold.

The form and an empty place: assets/voicehive/backtest.js asks the API and draws what it answers.
"""

from __future__ import annotations

from collections.abc import Sequence

from alerts.backtest.threshold import threshold
from alerts.evaluator import RuleState
from alerts.rules import Group
from app.components.plain import Plain, h
from app.format import words

#: The first one is chosen.
_DAYS = (7, 1, 30, 90)


def backtest_section(groups: Sequence[tuple[Group, Sequence[RuleState]]], zone: str) -> list[Plain]:
    """The form with the alerts of these groups; times are shown in `zone`."""
    states = [state for _, states in groups for state in states if state.rule.alert]
    days = [
        h("Option", "1 day" if number == 1 else f"{number} days", value=str(number), key=str(number))
        for number in _DAYS
    ]
    fields = [
        h("Label", ["Alert", h("Select", [_option(each) for each in states], id="bt-rule", cls="form-control")],
          cls="vh-field", htmlFor="bt-rule"),
        h("Label", ["Over the last", h("Select", days, id="bt-days", cls="form-control")],
          cls="vh-field", htmlFor="bt-days"),
        h("Label", ["Another threshold", _input("bt-threshold")],
          cls="vh-field", htmlFor="bt-threshold"),
        h("Button", "Run", type="submit", cls="vh-button vh-primary", id="bt-run"),
        h("Button", "Cancel", type="button", cls="vh-button d-none", id="bt-cancel"),
    ]  # fmt: skip
    lead = "How often an alert would have fired over the calls and samples that are stored, judged every minute."
    return [
        h(
            "Section",
            [
                h("P", lead, cls="vh-note"),
                h("Form", fields, cls="bt-form", data_backtest=zone),
                h("P", id="bt-error", cls="vh-field-error", role="alert"),
                h("Div", id="bt-result", cls="bt-result", role="status"),
            ],
            cls="vh-card",
            aria_label="Backtest",
            key="backtest",
        )
    ]


def _input(name: str) -> Plain:
    """Plain as all that a refresh may bring: HTML's own input is none of Dash's components."""
    props = {"id": name, "type": "text", "autoComplete": "off", "inputMode": "decimal"}
    return {"namespace": "dash_bootstrap_components", "type": "Input", "props": props}


def _option(state: RuleState) -> Plain:
    held = threshold(state.rule.expr)
    own = state.rule.labels.get("window")
    key = state.alerts.key
    return h(
        "Option",
        f"{words(state.rule.name)} ({own})" if own else words(state.rule.name),
        value=key,
        data_threshold=None if held is None else f"{held.op} {held.value:g}",
        key=key,
    )
