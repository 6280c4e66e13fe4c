"""The functions that every template has; `and` and `or`, which skip arguments, are a part of its execution."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote_plus

from alerts.templates.calling import callees
from alerts.templates.printing import sprint, sprintf, sprintln
from alerts.templates.values import Strings, truth, type_name

_HTML = str.maketrans({'"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;", "\0": "\ufffd"})
_SCRIPT = re.compile(r"[\\'\"<>&=\x00-\x1f]|[^\x00-\x7f]")
#: What can be compared, and that a Duration is an int.
_COMPARED = (bool, int, float, str)


def _index(item: Any, *keys: Any) -> Any:
    for key in keys:
        item = _element(item, key)
    return item


def _element(item: Any, key: Any) -> Any:
    if isinstance(item, dict):
        if type(key) is not str:
            raise ValueError(f"a map has no key of type {type_name(key)}")
        return item.get(key, "" if isinstance(item, Strings) else None)
    if not isinstance(item, list | tuple | str):
        raise ValueError(f"a {type_name(item)} has no elements")
    if type(key) is not int:
        raise ValueError(f"an index has to be an int, not a {type_name(key)}")
    # A string's elements are bytes.
    inside = item.encode("utf-8", "replace") if isinstance(item, str) else item
    if not 0 <= key < len(inside):
        raise ValueError(f"the index {key} is out of range")
    return inside[key]


def _slice(item: Any, *bounds: int) -> Any:
    if not isinstance(item, list | tuple | str) or len(bounds) > 2:
        raise ValueError(f"a {type_name(item)} can't be cut by {len(bounds)} bounds")
    raw = item.encode("utf-8", "replace") if isinstance(item, str) else item
    start, end = [*bounds, *(0, len(raw))[len(bounds) :]]
    if not 0 <= start <= end <= len(raw):
        raise ValueError(f"the bounds {start} and {end} are out of range")
    cut = raw[start:end]
    return cut.decode("utf-8", "replace") if isinstance(cut, bytes) else cut


def _len(item: Any) -> int:
    if isinstance(item, str):
        return len(item.encode("utf-8", "replace"))
    if isinstance(item, dict | list | tuple):
        return len(item)
    raise ValueError(f"a {type_name(item)} has no length")


def _kind(value: Any) -> type | None:
    return next((kind for kind in _COMPARED if isinstance(value, kind)), None)


def _eq(first: Any, *others: Any) -> bool:
    if not others:
        raise ValueError("eq needs something to compare with")
    return any(_same(first, other) for other in others)


def _same(first: Any, other: Any) -> bool:
    kinds = _kind(first), _kind(other)
    if first is None or other is None:
        return first is other
    if None in kinds or kinds[0] is not kinds[1]:
        raise ValueError(f"a {type_name(first)} and a {type_name(other)} can't be compared")
    return bool(first == other)


def _ne(first: Any, other: Any) -> bool:
    return not _same(first, other)


def _lt(first: Any, other: Any) -> bool:
    kind = _kind(first)
    if kind in (None, bool) or kind is not _kind(other):
        raise ValueError(f"a {type_name(first)} and a {type_name(other)} can't be put in order")
    return bool(first < other)


def _le(first: Any, other: Any) -> bool:
    return _lt(first, other) or _same(first, other)


def _gt(first: Any, other: Any) -> bool:
    return not _le(first, other)


def _ge(first: Any, other: Any) -> bool:
    return not _lt(first, other)


def _not(value: Any) -> bool:
    return not truth(value)


def _print(*values: Any) -> str:
    return sprint(values)


def _println(*values: Any) -> str:
    return sprintln(values)


def _printf(layout: str, *values: Any) -> str:
    return sprintf(layout, values)


def shown(values: tuple[Any, ...]) -> str:
    """The text of values as actions give them out."""
    if len(values) == 1 and type(values[0]) is str:
        return values[0]
    return sprint(["<no value>" if value is None else value for value in values])


def _html(*values: Any) -> str:
    return shown(values).translate(_HTML)


def _urlquery(*values: Any) -> str:
    return quote_plus(shown(values), errors="replace")


def _js(*values: Any) -> str:
    return _SCRIPT.sub(_in_script, shown(values))


def _in_script(match: re.Match[str]) -> str:
    char = match.group()
    if char in "\\'\"":
        return "\\" + char
    return char if ord(char) > 127 and char.isprintable() else f"\\u{ord(char):04X}"


BUILTINS = callees(
    {
        "eq": _eq,
        "ge": _ge,
        "gt": _gt,
        "html": _html,
        "index": _index,
        "js": _js,
        "le": _le,
        "len": _len,
        "lt": _lt,
        "ne": _ne,
        "not": _not,
        "print": _print,
        "printf": _printf,
        "println": _println,
        "slice": _slice,
        "urlquery": _urlquery,
    }
)
