"""The tree of a template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal as Choice


@dataclass(frozen=True, slots=True)
class Text:
    """What is given out as it stands."""

    text: str


@dataclass(frozen=True, slots=True)
class Dot:
    """`.`"""


@dataclass(frozen=True, slots=True)
class Nil:
    """`nil`"""


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, number or truth value; `exact` is a number's value as a whole number, if it is one."""

    value: str | float | int | bool
    exact: int | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """`.A.B`"""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """`$x` and `$x.A.B`; the name has its dollar."""

    name: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Function:
    """A function's name."""

    name: str


@dataclass(frozen=True, slots=True)
class Chain:
    """`(...).A.B`, or a function without arguments in place of the brackets."""

    base: Pipe | Function
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """An operand with its arguments."""

    words: tuple[Operand, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Pipe:
    """Commands, each given the value of the one before; the variables that take the last value."""

    commands: tuple[Command, ...]
    line: int
    variables: tuple[str, ...] = ()
    assigns: bool = False


Operand = Dot | Nil | Literal | Field | Variable | Function | Chain | Pipe


@dataclass(frozen=True, slots=True)
class Action:
    """A pipe whose value is given out."""

    pipe: Pipe


@dataclass(frozen=True, slots=True)
class Branches:
    """`if` and `with`: the body of the first pipe that is true; `with` makes the value the dot."""

    kind: Choice["if", "with"]
    branches: tuple[tuple[Pipe, Body], ...]
    otherwise: Body


@dataclass(frozen=True, slots=True)
class Range:
    """`range`: the body once for each element."""

    pipe: Pipe
    body: Body
    otherwise: Body


@dataclass(frozen=True, slots=True)
class Jump:
    """`break` and `continue`."""

    kind: Choice["break", "continue"]


@dataclass(frozen=True, slots=True)
class Include:
    """`template`."""

    name: str
    pipe: Pipe | None
    line: int


Node = Text | Action | Branches | Range | Jump | Include
Body = tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """A body and the file it comes from."""

    body: Body
    source: str = ""

    @property
    def empty(self) -> bool:
        """Whether it has nothing but white space."""
        return all(isinstance(node, Text) and not node.text.strip() for node in self.body)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A template and those that it defines, by name."""

    main: Definition
    defined: Mapping[str, Definition]
