"""From a query's text to its tree."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

import promql_parser as parser

from alerts.promql import scan
from alerts.promql.calls import FUNCTIONS
from alerts.promql.errors import PromQLError
from alerts.promql.nodes import (
    Aggregate,
    At,
    Binary,
    Call,
    Expr,
    Kind,
    Matching,
    Negate,
    Node,
    Number,
    Range,
    Selector,
    String,
    Subquery,
)
from alerts.promql.survey import may_fail
from data.samples.model import Matcher

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_AGGREGATIONS = frozenset(
    ("sum", "avg", "min", "max", "count", "stddev", "stdvar", "topk", "bottomk", "quantile", "group", "count_values")
)
#: Modifiers of Prometheus that the parser has not heard of.
_UNKNOWN = ("anchored", "smoothed")
_MATCHES: dict[str, Literal["=", "!=", "=~", "!~"]] = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
_KINDS: dict[str, Kind] = {"Vector": "vector", "Scalar": "scalar", "Matrix": "matrix", "String": "string"}
_MANY: dict[str, Literal["neither", "left", "right"]] = {
    "OneToOne": "neither",
    "ManyToMany": "neither",
    "ManyToOne": "left",
    "OneToMany": "right",
}


@lru_cache(maxsize=1024)
def parse(text: str) -> Expr:
    """The tree of a query; PromQLError for what is wrong or not supported."""
    scan.check(text)
    try:
        return Expr(text, _Reader(text).read(parser.parse(text), 0))
    except PromQLError:
        raise
    # OverflowError: an offset that Python's timedelta can't hold.
    except (ValueError, OverflowError) as error:
        raise _explained(text, str(error)) from error


def _explained(text: str, message: str) -> PromQLError:
    """The parser's own message with the place of the word it quotes."""
    if message == "invalid promql query":
        for word in _UNKNOWN:
            if (position := scan.find(text, word)) is not None:
                return PromQLError(f"the modifier {word} is not supported", position)
        return PromQLError("not a PromQL expression: is an operator, an operand or a comma missing or too many?")
    quoted = re.search(r"'([^']+)'", message)
    if message.startswith("unexpected end"):
        return PromQLError(message, len(text))
    return PromQLError(message, scan.find(text, quoted.group(1)) if quoted else None)


class _Reader:
    """Copies the parser's tree into ours."""

    def __init__(self, text: str) -> None:
        self._text = text

    def read(self, node: Any, depth: int) -> Node:
        if depth > scan.MAX_DEPTH:
            raise PromQLError(f"the query is nested deeper than {scan.MAX_DEPTH} levels")
        below = depth + 1
        match node:
            case parser.ParenExpr():
                return self.read(node.expr, below)
            case parser.NumberLiteral():
                return Number(node.val)
            case parser.StringLiteral():
                return String(node.val)
            case parser.VectorSelector():
                return self._selector(node)
            case parser.MatrixSelector():
                return Range(self._selector(node.vector_selector), _millis(node.range))
            case parser.SubqueryExpr():
                step = _millis(node.step) if node.step else None
                span, offset = _millis(node.range), _millis(node.offset)
                return Subquery(self.read(node.expr, below), span, step, offset, _at(node.at))
            case parser.UnaryExpr():
                return Negate(self.read(node.expr, below))
            case parser.Call():
                return self._call(node, below)
            case parser.AggregateExpr():
                return self._aggregate(node, below)
            case parser.BinaryExpr():
                return self._binary(node, below)
        raise self._refused(type(node).__name__)

    def _refused(self, what: str, *words: str) -> PromQLError:
        return PromQLError(f"{what} is not supported", scan.find(self._text, *(words or (what,))))

    def _selector(self, node: Any) -> Selector:
        if node.matchers.or_matchers:
            raise self._refused("`or` between matchers", "or")
        found = [Matcher("__name__", "=", node.name)] if node.name is not None else []
        for each in node.matchers.matchers:
            matcher = Matcher(each.name, _MATCHES[str(each.op).rpartition(".")[2]], each.value)
            try:
                matcher.matches("")
            except ValueError as error:
                raise PromQLError(str(error)) from None
            found.append(matcher)
        return Selector(tuple(found), _millis(node.offset), _at(node.at))

    def _call(self, node: Any, depth: int) -> Call:
        name = node.func.name
        if name not in FUNCTIONS:
            raise self._refused(f"the function {name}", name)
        kind = _KINDS[str(node.func.return_type).rpartition(".")[2]]
        return Call(name, tuple(self.read(each, depth) for each in node.args), kind)

    def _aggregate(self, node: Any, depth: int) -> Aggregate:
        op = str(node.op)
        if op not in _AGGREGATIONS:
            raise self._refused(f"the aggregation {op}", op)
        param = None if node.param is None else self.read(node.param, depth)
        without = node.modifier is not None and node.modifier.type == parser.AggModifierType.Without
        labels = tuple(node.modifier.labels) if node.modifier else ()
        return Aggregate(op, self.read(node.expr, depth), param, labels, without)

    def _binary(self, node: Any, depth: int) -> Binary:
        matching, returns_bool = Matching(False, (), "neither", ()), False
        modifier = node.modifier
        if modifier is not None:
            if (modifier.fill_values.lhs, modifier.fill_values.rhs) != (None, None):
                raise self._refused("the modifier fill", "fill", "fill_left", "fill_right")
            rule = modifier.matching
            on = rule is not None and rule.type == parser.LabelModifierType.Include
            many = _MANY[str(modifier.card).rpartition(".")[2]]
            include = tuple(modifier.group_labels or ())
            matching = Matching(on, tuple(rule.labels) if rule else (), many, include)
            returns_bool = modifier.return_bool
        op, left, right = str(node.op).strip(), self.read(node.lhs, depth), self.read(node.rhs, depth)
        lazy = op in ("and", "unless") and not may_fail(right)
        return Binary(op, left, right, matching, returns_bool, lazy)


def _millis(span: timedelta | None) -> int:
    return 0 if span is None else span // _MILLISECOND


def _at(node: Any) -> At:
    match None if node is None else node.type:
        case None:
            return None
        case parser.AtModifierType.Start:
            return "start"
        case parser.AtModifierType.End:
            return "end"
        case _:
            return round((node.at - _EPOCH) / _MILLISECOND)
