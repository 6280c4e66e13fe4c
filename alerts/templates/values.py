"""The values that templates work with: Go's types as Python's, and those that have no like.

str, int, float and bool stand for string, int, float64 and bool; None for nil; list for []string; datetime for
time.Time; a plain dict for map[string]interface{}.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from functools import cache
from typing import Any, ClassVar


class OwnText:
    """A value that says itself how it is given out."""

    __slots__ = ()

    def go_text(self) -> str:
        """What an action gives out."""
        raise NotImplementedError


class Strings(dict[str, str]):
    """Texts by name; a name that is missing has an empty text."""


class KV(Strings, OwnText):
    """Texts by name as notifications have them, with methods."""

    def ordered(self) -> list[tuple[str, str]]:
        """By name, but the alert's name first."""
        return sorted(self.items(), key=lambda item: (item[0] != "alertname", item[0]))

    def go_text(self) -> str:
        """What an action gives out."""
        return ", ".join(f"{name}={text}" for name, text in self.ordered())


class Safe(str):
    """Text that has been declared safe for HTML; no ordinary text to functions."""

    __slots__ = ()


class Duration(int):
    """Nanoseconds."""

    __slots__ = ()


class Struct:
    """Named fields, which templates know by Go's names: starts_at is StartsAt, external_url ExternalURL."""

    __slots__ = ()
    go_type: ClassVar[str] = "struct"

    @classmethod
    @cache
    def names(cls) -> dict[str, str]:
        """The attributes by the names that templates use."""
        return {_go_name(field.name): field.name for field in fields(cls)}  # type: ignore[arg-type]


def _go_name(name: str) -> str:
    return "".join("URL" if part == "url" else part.capitalize() for part in name.split("_"))


def type_name(value: Any) -> str:
    """Go's name of a value's type."""
    kind = type(value)
    return _TYPES.get(kind) or str(getattr(kind, "go_type", kind.__name__))


_TYPES: dict[type, str] = {
    type(None): "nil",
    bool: "bool",
    str: "string",
    int: "int",
    float: "float64",
    list: "[]string",
    tuple: "[]template.Alert",
    dict: "map[string]interface {}",
    Strings: "map[string]string",
    KV: "template.KV",
    Safe: "template.HTML",
    Duration: "time.Duration",
    datetime: "time.Time",
}


def truth(value: Any) -> bool:
    """What `if` makes of a value: nothing, zero and what is empty are false."""
    return True if isinstance(value, datetime | Struct) else bool(value)


def elements(value: Any) -> Iterable[tuple[Any, Any]]:
    """What `range` goes through: index or key, and element; raises ValueError for what has no elements."""
    if value is None:
        return ()
    if isinstance(value, dict):
        return sorted(value.items())
    if isinstance(value, list | tuple):
        return enumerate(value)
    if type(value) is int:
        return ((number, number) for number in range(value))
    raise ValueError(f"range can't go through a {type_name(value)}")
