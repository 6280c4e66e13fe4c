"""What an alert's expression measures, and where its threshold lies: for charts, and for the calls behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from alerts.promql import Expr
from alerts.promql.nodes import Aggregate, Binary, Call, Negate, Node, Number, Range, Selector, Subquery

_COMPARISONS = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
_SETS = ("and", "or", "unless")


@dataclass(frozen=True, slots=True)
class Threshold:
    """The alert is there while what is measured is `op` value."""

    op: str
    value: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What is measured, and the thresholds that it is held against; none where any value alerts."""

    expr: Expr
    thresholds: tuple[Threshold, ...]


def measured(expr: Expr) -> Measured:
    """The first comparison of an expression with a number, and others of the same that stand beside it with `or`."""
    parts = list(_compared(expr.root))
    if not parts:
        return Measured(Expr(expr.text, _first(expr.root)), ())
    first = parts[0][0]
    return Measured(Expr(expr.text, first), tuple(threshold for node, threshold in parts if node == first))


def selectors(node: Node) -> Iterator[Selector]:
    """All selectors of an expression."""
    return (each for each in _walk(node) if isinstance(each, Selector))


def names(node: Node) -> set[str]:
    """The names of the series that an expression reads."""
    return {m.value for each in selectors(node) for m in each.matchers if m.name == "__name__" and m.op == "="}


def longest_window(node: Node) -> int:
    """The longest range that an expression looks back over, milliseconds; 0 if it has none."""
    return max((each.span for each in _walk(node) if isinstance(each, Range | Subquery)), default=0)


def _compared(node: Node) -> Iterator[tuple[Node, Threshold]]:
    if not isinstance(node, Binary):
        return
    if node.op in ("and", "unless"):
        yield from _compared(node.left)
    elif node.op == "or":
        yield from _compared(node.left)
        yield from _compared(node.right)
    elif node.op in _COMPARISONS:
        if (right := _number(node.right)) is not None:
            yield node.left, Threshold(node.op, right)
        elif (left := _number(node.left)) is not None:
            yield node.right, Threshold(_COMPARISONS[node.op], left)


def _number(node: Node) -> float | None:
    match node:
        case Number(value):
            return value
        case Negate(Number(value)):
            return -value
        case Binary("*", Number(left), Number(right)):
            return left * right
    return None


def _first(node: Node) -> Node:
    """The left side of set operators: the right one only says which of its series count."""
    while isinstance(node, Binary) and node.op in _SETS:
        node = node.left
    return node


def _walk(node: Node) -> Iterator[Node]:
    yield node
    below: tuple[Node | None, ...] = ()
    match node:
        case Range(selector):
            below = (selector,)
        case Subquery(expr) | Negate(expr):
            below = (expr,)
        case Call(_, args):
            below = args
        case Aggregate(_, expr, param):
            below = (expr, param)
        case Binary(_, left, right):
            below = (left, right)
    for each in below:
        if each is not None:
            yield from _walk(each)
