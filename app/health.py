"""What is wrong with the service right now: the alerts that fire, and a call record that does not answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from alerts.board import BoardAlert

Health = Literal["healthy", "degraded", "critical"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `fingerprint` and `since` (milliseconds) are those of its alert, `note` what is done."""

    name: str
    severity: Literal["warning", "critical"]
    summary: str
    fingerprint: str = ""
    since: int | None = None
    note: str = ""


#: The rule that watches the record judges every 15 s and waits a minute; this is said at once.
_RECORD_AWAY = Problem("DatabaseConnectionIssue", "critical", "The call record does not answer.")


def problems(
    alerts: Iterable[BoardAlert], *, record_away: bool, faults: Mapping[str, str], record_damaged: str = ""
) -> list[Problem]:
    """All that is wrong, worst first; what is silenced or acknowledged is still wrong.

    record_damaged: what to tell of a record that was set aside. faults: those of files that were not taken: of what
    (rules, routes) -> a line each.
    """
    found = [_problem(alert) for alert in alerts if alert.is_trouble]
    if record_away and not any(problem.name == _RECORD_AWAY.name for problem in found):
        found.insert(0, _RECORD_AWAY)
    if record_damaged:
        found.insert(0, Problem("CallRecordDamaged", "critical", record_damaged))
    for what, lines in faults.items():
        found.append(Problem(f"{what.capitalize()}NotReloaded", "warning", refused(what, lines)))
    return sorted(found, key=lambda problem: problem.severity)


def refused(what: str, faults: str) -> str:
    """That a file of rules or routes was not taken, in one line."""
    first, _, more = faults.partition("\n")
    return f"The file of {what} can't be used, the old {what} go on: {first}{' and more' if more else ''}"


def health(found: Iterable[Problem]) -> Health:
    """The state that these problems amount to."""
    severities = {problem.severity for problem in found}
    return "critical" if "critical" in severities else "degraded" if severities else "healthy"


def _problem(alert: BoardAlert) -> Problem:
    return Problem(
        alert.name or "Alert",
        "critical" if alert.severity == "critical" else "warning",
        alert.annotations.get("summary") or alert.annotations.get("description") or "",
        alert.fingerprint,
        alert.since,
        mark(alert),
    )


def mark(alert: BoardAlert) -> str:
    """Who took note of it, or that nobody is told of it."""
    if alert.acknowledged:
        return f"acknowledged by {alert.acknowledged.who}"
    return "silenced" if alert.silenced_by else "inhibited" if alert.inhibited_by else ""
