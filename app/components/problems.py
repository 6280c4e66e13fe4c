"""The bell and the list behind it: what is wrong at the moment, and what tells the browser of new alerts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Protocol

from app.addresses import alert_path
from app.components.plain import Plain, h, icon
from app.format import words

BELL_COUNT = "vh-bell-count"
LIST = "vh-problems"
#: What fires, for assets/voicehive/alerts.js: it says what is new since the page was opened.
NEWS = "vh-news"


class Problem(Protocol):
    """What is shown of a health problem."""

    @property
    def name(self) -> str: ...
    @property
    def severity(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def since(self) -> int | None: ...
    @property
    def note(self) -> str: ...


def problem_parts(problems: Sequence[Problem]) -> dict[str, dict[str, Any]]:
    """The badge on the bell, the list that it opens, and what may be news."""
    worst = "critical" if any(p.severity == "critical" for p in problems) else "warning"
    badge = f"vh-badge vh-badge-{worst}" if problems else "vh-badge d-none"
    plural = "" if len(problems) == 1 else "s"
    count: list[Any] = [str(len(problems)), h("Span", f" open problem{plural}", cls="visually-hidden")]
    return {
        BELL_COUNT: {"children": count if problems else "", "className": badge},
        LIST: {"children": [*([_entry(p) for p in problems] or [_none()]), _all()]},
        NEWS: {"data-alerts": json.dumps([_news(p) for p in problems], separators=(",", ":"))},
    }


def _entry(problem: Problem) -> Plain:
    tone = "error" if problem.severity == "critical" else "abandoned"
    facts: list[Any] = []
    if problem.since is not None:
        facts.append(h("Time", data_age=problem.since))
    if problem.note:
        facts.append(h("Span", problem.note))
    return h(
        "Li",
        [
            h("Span", cls=f"vh-dot vh-dot-{tone}", aria_hidden="true"),
            h(
                "Div",
                [
                    _link(words(problem.name), problem.fingerprint),
                    h("P", problem.summary),
                    h("P", facts, cls="vh-problem-facts"),
                ],
            ),
            h("Span", problem.severity, cls=f"vh-tag vh-tag-{tone}"),
        ],
        cls="vh-problem",
        key=problem.fingerprint or problem.name,
    )


def _link(text: str, fingerprint: str) -> Plain:
    return h("A", text, href=alert_path(fingerprint), cls="vh-problem-link", data_nav="1")


def _news(problem: Problem) -> dict[str, Any]:
    return {
        "key": f"{problem.fingerprint or problem.name}@{problem.since or ''}",
        "name": words(problem.name),
        "severity": problem.severity,
        "summary": problem.summary,
        "href": alert_path(problem.fingerprint),
        "quiet": bool(problem.note),
    }


def _all() -> Plain:
    return h("Li", _link("All alerts, silences and history", ""), cls="vh-problem vh-problem-all", key="all")


def _none() -> Plain:
    content = [icon("check-circle", "vh-good"), h("Span", "No open problems.")]
    return h("Li", content, cls="vh-problem vh-problem-none", key="none")
