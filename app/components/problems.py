"""The bell and the list behind it: what is wrong at the moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from app.components.plain import Plain, h, icon
from app.format import words

BELL_COUNT = "vh-bell-count"
LIST = "vh-problems"


class Problem(Protocol):
    """What is shown of a health problem."""

    @property
    def name(self) -> str: ...
    @property
    def severity(self) -> str: ...
    @property
    def summary(self) -> str: ...


def problem_parts(problems: Sequence[Problem]) -> dict[str, dict[str, Any]]:
    """The badge on the bell and the list that it opens."""
    worst = "critical" if any(p.severity == "critical" for p in problems) else "warning"
    badge = f"vh-badge vh-badge-{worst}" if problems else "vh-badge d-none"
    plural = "" if len(problems) == 1 else "s"
    count: list[Any] = [str(len(problems)), h("Span", f" open problem{plural}", cls="visually-hidden")]
    return {
        BELL_COUNT: {"children": count if problems else "", "className": badge},
        LIST: {"children": [_entry(p) for p in problems] or [_none()]},
    }


def _entry(problem: Problem) -> Plain:
    tone = "error" if problem.severity == "critical" else "abandoned"
    return h(
        "Li",
        [
            h("Span", cls=f"vh-dot vh-dot-{tone}", aria_hidden="true"),
            h("Div", [h("Strong", words(problem.name)), h("P", problem.summary)]),
            h("Span", problem.severity, cls=f"vh-tag vh-tag-{tone}"),
        ],
        cls="vh-problem",
    )


def _none() -> Plain:
    return h("Li", [icon("check-circle", "vh-good"), h("Span", "No open problems.")], cls="vh-problem vh-problem-none")
