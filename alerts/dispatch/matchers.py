"""Conditions on labels as Alertmanager writes them: foo="bar", foo!=bar, foo=~"b.*", foo!~b.

Texts are read in the classic syntax; what is none is read in the newer one, where names may be quoted and hold any
character.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import orjson

from data.regex import Regex, compiled
from data.samples.model import Labels

Op = Literal["=", "!=", "=~", "!~"]
_OPS: dict[str, Op] = {op: op for op in get_args(Op)}
_ORDER = list(_OPS)

_CLASSIC = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|=|!=|!~)\s*(.*?)\s*", re.ASCII | re.DOTALL)
_WORD = r"""("(?:[^"\\]|\\.)*"|[^\s{}!=~,\\'"`]+)"""
_NEWER = re.compile(rf"\s*{_WORD}\s*(=~|=|!=|!~)\s*{_WORD}\s*(?:,|$)", re.DOTALL)
_PLAIN = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_ESCAPE = re.compile(r"\\([n\"\\])")
_BARE_QUOTE = re.compile(r'(?<!\\)(?:\\\\)*"')


@dataclass(frozen=True)
class Matcher:
    """One condition; a regular expression (RE2) has to match the whole value. ValueError for a bad one."""

    name: str
    op: Op
    value: str

    def __post_init__(self) -> None:
        if self.op in ("=~", "!~"):
            _ = self._pattern

    @cached_property
    def _pattern(self) -> Regex:
        return compiled(f"^(?:{self.value})$", self.value)

    def matches(self, labels: Labels) -> bool:
        """Whether the labels meet it; a missing label is an empty one."""
        value = labels.get(self.name, "")
        match self.op:
            case "=":
                return value == self.value
            case "!=":
                return value != self.value
            case "=~":
                return self._pattern.fullmatch(value) is not None
            case "!~":
                return self._pattern.fullmatch(value) is None

    def __str__(self) -> str:
        name = self.name if _PLAIN.fullmatch(self.name) else orjson.dumps(self.name).decode()
        value = self.value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
        return f'{name}{self.op}"{value}"'


def matches(matchers: Iterable[Matcher], labels: Labels) -> bool:
    """Whether the labels meet all conditions."""
    return all(matcher.matches(labels) for matcher in matchers)


def ordered(matchers: Iterable[Matcher]) -> tuple[Matcher, ...]:
    """In the order in which Alertmanager writes them."""
    return tuple(sorted(matchers, key=lambda each: (each.name, each.value, _ORDER.index(each.op))))


def written(matchers: Iterable[Matcher]) -> str:
    """As Alertmanager writes them: {a="b",c=~"d"}."""
    return "{" + ",".join(map(str, matchers)) + "}"


def parse(text: str) -> list[Matcher]:
    """Conditions with commas between them, with or without braces around; ValueError."""
    try:
        return [_classic(part) for part in _parts(text.removeprefix("{").removesuffix("}"))]
    except _NotClassic as error:
        if (found := _newer(text)) is None:
            raise ValueError(str(error)) from None
        return found


class _NotClassic(ValueError):
    """The text is none in the classic syntax."""


def _parts(text: str) -> Iterator[str]:
    """The text cut at the commas outside of quotes; nothing after the last one is no part."""
    start, quoted, escaped = 0, False, False
    for place, character in enumerate(text):
        if character == '"' and not escaped:
            quoted = not quoted
        elif character == "," and not quoted:
            yield text[start:place]
            start = place + 1
        # A comma inside quotes leaves an escape open: Alertmanager's own way.
        escaped = character == "\\" and not escaped if character != "," else escaped
    if text[start:].strip():
        yield text[start:]


def _classic(text: str) -> Matcher:
    found = _CLASSIC.fullmatch(text)
    if found is None:
        raise _NotClassic(f'not a matcher: {text.strip()[:80]!r} (write it like severity="critical")')
    name, value = found[1], found[3]
    if quoted := value.startswith('"'):
        value = value[1:]
    bare = _BARE_QUOTE.search(value)
    if quoted != bool(bare) or (bare and bare.end() != len(value)):
        raise _NotClassic(f"a double quote is missing or not escaped: {text.strip()[:80]!r}")
    return Matcher(name, _OPS[found[2]], _ESCAPE.sub(_unescaped, value[:-1] if quoted else value))


def _unescaped(found: re.Match[str]) -> str:
    return "\n" if found[1] == "n" else found[1]


def _newer(text: str) -> list[Matcher] | None:
    """The conditions of a text in the newer syntax; None if it is not in it."""
    inner = text.strip()
    if inner.startswith("{") != inner.endswith("}"):
        return None
    inner, place, found = inner.removeprefix("{").removesuffix("}").strip(), 0, []
    while place < len(inner):
        part = _NEWER.match(inner, place)
        if part is None:
            return None
        name, value = _word(part[1]), _word(part[3])
        if not name or value is None:
            return None
        found.append(Matcher(name, _OPS[part[2]], value))
        place = part.end()
    return found


def _word(text: str) -> str | None:
    """A word without its quotes; None for escapes that JSON does not have."""
    if not text.startswith('"'):
        return text
    try:
        return str(orjson.loads(text))
    except orjson.JSONDecodeError:
        return None
