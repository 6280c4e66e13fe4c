"""The same rules with one of them changed."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from alerts.backtest.threshold import with_threshold
from alerts.config import milliseconds
from alerts.evaluator import states_of
from alerts.rules import Group, Rule, RuleFile

#: The name of the group of a rule that is in no file.
_DRAFT = "draft"


class BadChange(ValueError):
    """A rule can't be changed like that; the message says why."""


def changed(
    rules: RuleFile, name: str, *, expr: str | None = None, hold: str | None = None, threshold: float | None = None
) -> RuleFile:
    """The rules with the alert `name` (or name/2, the second one of its name in a group) changed.

    hold: a duration such as 5m. threshold: in the place of the number that its expression is compared with. Raises
    BadChange; LookupError if there is no such alert.
    """
    found = False
    groups = []
    for group in rules.groups:
        keys = [state.alerts.key for state in states_of(group)]
        fresh = []
        for rule, key in zip(group.rules, keys, strict=True):
            chosen = rule.alert is not None and name in (rule.name, key)
            found |= chosen
            fresh.append(_changed(rule, expr, hold, threshold) if chosen else rule)
        groups.append(group.model_copy(update={"rules": fresh}))
    if not found:
        raise LookupError(f"there is no alert called {name!r}")
    return rules.model_copy(update={"groups": groups})


def with_draft(rules: RuleFile, expr: str, hold: str | None) -> RuleFile:
    """The recording rules of a file and one alert that is in none, called draft."""
    fields: dict[str, object] = {"alert": _DRAFT, "expr": expr, "for": hold or "0"}
    group = Group(name=_DRAFT, interval=rules.groups[0].interval if rules.groups else 60_000, rules=[_made(fields)])
    kept = [each for each in rules.groups if each.name != _DRAFT]
    return rules.model_copy(update={"groups": [*kept, group]})


def alert_names(rules: RuleFile) -> Iterator[str]:
    """The names of the alerts, each once."""
    yield from dict.fromkeys(rule.name for group in rules.groups for rule in group.rules if rule.alert)


def _changed(rule: Rule, expr: str | None, hold: str | None, threshold: float | None) -> Rule:
    fields = rule.model_dump(by_alias=True, exclude_unset=True)
    if expr is not None:
        fields["expr"] = expr
    if threshold is not None:
        try:
            fields["expr"] = with_threshold(fields["expr"], threshold)
        except ValueError as error:
            raise BadChange(f"threshold: {rule.name}: {error}") from None
    if hold is not None:
        fields["for"] = hold
    return _made(fields)


def _made(fields: dict[str, object]) -> Rule:
    for name in ("for", "keep_firing_for"):
        value = fields.get(name)
        if isinstance(value, str):
            try:
                fields[name] = milliseconds(value)
            except ValueError as error:
                raise BadChange(f"{name}: {error}") from None
    try:
        return Rule.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BadChange(f"{first['loc'][-1]}: {str(first['msg']).removeprefix('Value error, ')}") from None
