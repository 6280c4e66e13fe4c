"""Functions that work on labels: label_replace, label_join, and the labels of what is absent."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from alerts.promql.errors import PromQLError
from alerts.promql.frame import NAME, Frame, merged
from alerts.promql.nodes import Node, Range, Selector
from data.regex import compiled
from data.samples.model import Labels

#: $1, $name, ${1}, ${name} and $$ of Go's regular expressions.
_REFERENCE = re.compile(r"\$(?:(?P<dollar>\$)|(?P<bare>\w+)|\{(?P<braced>\w+)\})", re.ASCII)


def label_replace(given: Frame, target: str, replacement: str, source: str, pattern: str) -> Frame:
    """`target` set to the replacement where the whole value of `source` matches the pattern (RE2)."""
    _check(target, "destination", "label_replace")
    try:
        found = compiled(f"^(?s:{pattern})$", pattern)
    except ValueError as error:
        raise PromQLError(f"invalid regular expression in label_replace(): {error}") from None

    def change(labels: Labels) -> str | None:
        match = found.fullmatch(labels.get(source, ""))
        return None if match is None else expanded(replacement, match)

    return _changed(given, target, change)


def label_join(given: Frame, target: str, separator: str, *sources: str) -> Frame:
    """`target` set to the values of the sources with the separator between them."""
    for source in sources:
        _check(source, "source", "label_join")
    _check(target, "destination", "label_join")
    return _changed(given, target, lambda labels: separator.join(labels.get(source, "") for source in sources))


def _check(label: str, role: str, function: str) -> None:
    if not label:
        raise PromQLError(f"invalid {role} label name in {function}(): it is empty")


def _changed(given: Frame, target: str, change: Callable[[Labels], str | None]) -> Frame:
    """The series with `target` set to what `change` gives; None leaves it, an empty text removes it."""
    labels, nameless = [], given.nameless.copy()
    for row, each in enumerate(given.labels):
        value = change(each)
        if value is None:
            labels.append(each)
            continue
        rest = {name: old for name, old in each.items() if name != target}
        labels.append({**rest, target: value} if value else rest)
        if target == NAME:
            nameless[row] = False
    return merged(Frame(labels, given.values, given.here, nameless))


def expanded(template: str, match: Any) -> str:
    """A replacement with `$1`, `${name}` and `$$` filled in from a match of re2, as Go does it."""
    names = match.re.groupindex

    def group(reference: re.Match[str]) -> str:
        if reference["dollar"]:
            return "$"
        name = reference["bare"] or reference["braced"]
        number = int(name) if name.isdigit() else names.get(name, -1)
        return (match.group(number) or "") if 0 <= number <= match.re.groups else ""

    return _REFERENCE.sub(group, template)


def absent(node: Node, present: Any) -> Frame:
    """1 where nothing is present, with the labels that the selector asks for by `=` alone."""
    here = ~np.asarray(present, dtype=np.bool_)[None, :]
    nameless = np.zeros(1, dtype=np.bool_)
    return Frame([_asked(node)], np.ones(here.shape), here, nameless).seen()


def _asked(node: Node) -> Labels:
    selector = node.selector if isinstance(node, Range) else node
    if not isinstance(selector, Selector):
        return {}
    labels: dict[str, str] = {}
    asked: set[str] = set()
    for matcher in selector.matchers:
        if matcher.op == "=" and matcher.name not in asked:
            labels[matcher.name] = matcher.value
            asked.add(matcher.name)
        else:
            labels.pop(matcher.name, None)
    labels.pop(NAME, None)
    return {name: value for name, value in labels.items() if value}
