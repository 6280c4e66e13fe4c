"""The number that an alert's expression is held against: where it stands, and the same expression with another one."""

from __future__ import annotations

from dataclasses import dataclass

from alerts.promql import PromQLError
from alerts.promql.parse import parse
from alerts.promql.scan import tokens

_COMPARISONS = frozenset({">", "<", ">=", "<=", "==", "!="})
_SET_OPERATORS = frozenset({"and", "or", "unless"})


@dataclass(frozen=True, slots=True)
class Threshold:
    """`op` and `value` of the expression's first comparison with a number; [start, end) is the number's place."""

    op: str
    value: float
    start: int
    end: int

    @property
    def is_floor(self) -> bool:
        """Whether values below it alert."""
        return self.op in ("<", "<=")


def threshold(expr: str) -> Threshold | None:
    """The threshold of an expression; None where it compares with no number outside of its brackets."""
    words = [*tokens(expr), ("", "", len(expr))]
    depth = 0
    for index, (kind, word, _) in enumerate(words):
        depth += {"open": 1, "close": -1}.get(kind, 0)
        if depth or word not in _COMPARISONS:
            continue
        sign = words[index + 1][1] == "-"
        follows, number, at = words[index + 1 + sign]
        after = words[min(index + 2 + sign, len(words) - 1)][1]
        # A number that is computed with is not the threshold itself.
        if follows != "number" or (after and after.lower() not in _SET_OPERATORS):
            continue
        try:
            value = float(number)
        except ValueError:
            continue
        return Threshold(word, -value if sign else value, words[index + 1][2], at + len(number))
    return None


def with_threshold(expr: str, value: float) -> str:
    """The expression held against another number; ValueError where it has no threshold."""
    found = threshold(expr)
    if found is None:
        raise ValueError("the expression is compared with no number")
    changed = f"{expr[: found.start]}{value:.15g}{expr[found.end :]}"
    try:
        parse(changed)
    except PromQLError as error:
        raise ValueError(str(error)) from None
    return changed
