"""Functions and methods as templates call them: what they take, by the annotations of their parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_origin, get_type_hints

from alerts.templates.nodes import Literal
from alerts.templates.values import Duration, type_name


@dataclass(frozen=True, slots=True)
class Callee:
    """A function with the types of its parameters; `rest` is that of all further ones, None if it takes none."""

    name: str
    run: Callable[..., Any]
    takes: tuple[type, ...]
    rest: type | None

    def wants(self, count: int) -> list[type]:
        """The types of this many arguments; raises ValueError if that is a wrong number."""
        if count < len(self.takes) or (count > len(self.takes) and self.rest is None):
            at_least = "at least " if self.rest is not None else ""
            raise ValueError(f"{self.name} takes {at_least}{len(self.takes)} arguments, not {count}")
        return [*self.takes, *[self.rest or object] * (count - len(self.takes))]


def callee(name: str, run: Callable[..., Any]) -> Callee:
    """A function as templates call it."""
    hints, takes, rest = get_type_hints(run), [], None
    for parameter in inspect.signature(run).parameters.values():
        hint = hints[parameter.name]
        kind: type = object if hint is Any else get_origin(hint) or hint
        if parameter.kind is parameter.VAR_POSITIONAL:
            rest = kind
        else:
            takes.append(kind)
    return Callee(name, run, tuple(takes), rest)


def callees(functions: Mapping[str, Callable[..., Any]]) -> dict[str, Callee]:
    """Functions by the names that templates know them by."""
    return {name: callee(name, run) for name, run in functions.items()}


def fitting(value: Any, wanted: type) -> Any:
    """A value as an argument; raises ValueError if it is of another type."""
    if wanted is object or type(value) is wanted:
        return value
    raise ValueError(f"{_NAMES.get(wanted, wanted.__name__)} is expected, not {type_name(value)}")


def constant(literal: Literal, wanted: type) -> Any:
    """What stands in the template as an argument: a whole number may be a float64 and the other way round."""
    if wanted in (int, Duration) and literal.exact is not None:
        return wanted(literal.exact)
    if wanted is float and type(literal.value) in (int, float):
        return float(literal.value)
    return fitting(literal.value, wanted)


_NAMES: dict[type, str] = {str: "a string", int: "an int", float: "a float64", list: "a list of strings"}
