"""The tree of a parsed query. All spans of time are milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from data.samples.model import Matcher

Kind: TypeAlias = Literal["scalar", "string", "vector", "matrix"]
#: The instant that `@` names: milliseconds since 1970, or an end of the query's range.
At: TypeAlias = int | Literal["start", "end"] | None


@dataclass(frozen=True, slots=True)
class Number:
    """A number or a duration in seconds."""

    value: float


@dataclass(frozen=True, slots=True)
class String:
    """A quoted text."""

    value: str


@dataclass(frozen=True, slots=True)
class Selector:
    """The latest sample of each series that meets the matchers."""

    matchers: tuple[Matcher, ...]
    offset: int
    at: At


@dataclass(frozen=True, slots=True)
class Range:
    """All samples of the last `span` milliseconds, the left end excluded."""

    selector: Selector
    span: int


@dataclass(frozen=True, slots=True)
class Subquery:
    """An expression evaluated every `step` (None: the default) over the last `span`."""

    expr: Node
    span: int
    step: int | None
    offset: int
    at: At


@dataclass(frozen=True, slots=True)
class Call:
    """A function of its arguments."""

    name: str
    args: tuple[Node, ...]
    kind: Kind


@dataclass(frozen=True, slots=True)
class Negate:
    """Unary minus."""

    expr: Node


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregation by the given labels or, with `without`, by all others."""

    op: str
    expr: Node
    param: Node | None
    labels: tuple[str, ...]
    without: bool


@dataclass(frozen=True, slots=True)
class Matching:
    """How series of two vectors find each other: `many` is the side that may have several series to one."""

    on: bool
    labels: tuple[str, ...]
    many: Literal["neither", "left", "right"]
    include: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands and what is between them. lazy: where the left one is empty, the right one need not be looked at."""

    op: str
    left: Node
    right: Node
    matching: Matching
    returns_bool: bool
    lazy: bool = False


Node: TypeAlias = Number | String | Selector | Range | Subquery | Call | Negate | Aggregate | Binary


def kind_of(node: Node) -> Kind:
    """What an expression evaluates to."""
    match node:
        case Number():
            return "scalar"
        case String():
            return "string"
        case Range() | Subquery():
            return "matrix"
        case Call():
            return node.kind
        case Negate():
            return kind_of(node.expr)
        case Binary():
            return "scalar" if kind_of(node.left) == kind_of(node.right) == "scalar" else "vector"
        case _:
            return "vector"


@dataclass(frozen=True, slots=True)
class Expr:
    """A query that has been parsed: evaluate it as often as you like."""

    text: str
    root: Node

    @property
    def kind(self) -> Kind:
        """What the whole query evaluates to."""
        return kind_of(self.root)
