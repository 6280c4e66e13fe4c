"""Go's fmt: print, println and printf."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from alerts.templates.numbers import float_text
from alerts.templates.quoting import quote
from alerts.templates.times import duration_text, time_text
from alerts.templates.values import Duration, OwnText, Struct, type_name

#: Characters of one printed text.
LONGEST = 200_000
#: Values inside each other, of which only `args` makes more than a few.
_DEEPEST = 20
_DIRECTIVE = re.compile(r"%(?P<flags>[-+# 0]*)(?P<width>\d*)(?P<point>\.(?P<precision>\d*))?(?P<verb>.?)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Verb:
    """A directive of printf; precision -1 if none is given."""

    letter: str
    flags: str = ""
    width: int = 0
    precision: int = -1

    def padded(self, text: str) -> str:
        """To the width."""
        if len(text) >= self.width:
            return text
        if "-" in self.flags:
            return text.ljust(self.width)
        return text.rjust(self.width, "0" if "0" in self.flags else " ")

    def signed(self, text: str) -> str:
        """A number, with its sign and zeros before its digits."""
        sign, digits = (text[0], text[1:]) if text[0] in "+-" else ("", text)
        for flag in "+ ":
            sign = sign or (flag if flag in self.flags else "")
        if "0" in self.flags and "-" not in self.flags:
            return sign + digits.rjust(self.width - len(sign), "0")
        return self.padded(sign + digits)


_VALUE = _Verb("v")


def sprint(values: Sequence[Any]) -> str:
    """The values, with a space between two of which neither is a text."""
    printer = _Printer()
    for index, value in enumerate(values):
        if index and not isinstance(value, str) and not isinstance(values[index - 1], str):
            printer.add(" ")
        printer.value(value, _VALUE, 0)
    return printer.text


def sprintln(values: Sequence[Any]) -> str:
    """The values with spaces between them and a line's end."""
    printer = _Printer()
    for index, value in enumerate(values):
        printer.add(" " if index else "")
        printer.value(value, _VALUE, 0)
    printer.add("\n")
    return printer.text


def sprintf(layout: str, values: Sequence[Any]) -> str:
    """The values put into the layout; what does not fit is shown in it as Go shows it, such as %!d(string=a)."""
    printer = _Printer()
    position = used = 0
    for found in _DIRECTIVE.finditer(layout):
        printer.add(layout[position : found.start()])
        position = found.end()
        letter = found["verb"]
        if letter in ("*", "["):
            raise ValueError(f"printf: {found.group()} is not supported")
        if letter in ("", "%"):
            printer.add("%" if letter else "%!(NOVERB)")
        elif used >= len(values):
            printer.add(f"%!{letter}(MISSING)")
        else:
            printer.value(values[used], _verb(found), 0)
            used += 1
    printer.add(layout[position:])
    if used < len(values):
        rest = ", ".join("<nil>" if each is None else f"{type_name(each)}={sprint([each])}" for each in values[used:])
        printer.add(f"%!(EXTRA {rest})")
    return printer.text


def _verb(found: re.Match[str]) -> _Verb:
    width, precision = int(found["width"] or 0), int(found["precision"] or 0) if found["point"] else -1
    if max(width, precision) > LONGEST:
        raise ValueError(f"printf: the width of {found.group()[:40]} is too large")
    if "#" in found["flags"]:
        raise ValueError(f"printf: the flag # of {found.group()[:40]} is not supported")
    flags = found["flags"].replace("0", "") if "-" in found["flags"] else found["flags"]
    return _Verb(found["verb"], flags, width, precision)


class _Printer:
    """Takes pieces of text up to a length."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    def add(self, piece: str) -> None:
        """Raises ValueError if it gets too long."""
        # An empty piece weighs, too: a value may be there a million times.
        self._length += len(piece) or 1
        if self._length > LONGEST:
            raise ValueError(f"a text gets longer than {LONGEST:,} characters")
        self._pieces.append(piece)

    def value(self, value: Any, verb: _Verb, depth: int) -> None:
        """One value by a verb."""
        if depth > _DEEPEST:
            raise ValueError(f"values are nested deeper than {_DEEPEST} levels")
        if verb.letter == "T":
            self.add(verb.padded(type_name(value)))
        elif (text := _own_text(value)) is not None and verb.letter in "vsqxX":
            self._plain(text, verb)
        elif isinstance(value, dict):
            self._items(value, verb, depth)
        elif isinstance(value, Struct):
            self._fields(value, verb, depth)
        elif isinstance(value, list | tuple):
            self.add("[")
            for index, each in enumerate(value):
                self.add(" " if index else "")
                self.value(each, verb, depth + 1)
            self.add("]")
        else:
            self._plain(value, verb)

    def _items(self, value: dict[str, Any], verb: _Verb, depth: int) -> None:
        self.add("map[")
        for index, (key, each) in enumerate(sorted(value.items())):
            self.add(" " if index else "")
            self.value(key, verb, depth + 1)
            self.add(":")
            self.value(each, verb, depth + 1)
        self.add("]")

    def _fields(self, value: Struct, verb: _Verb, depth: int) -> None:
        self.add("{")
        for index, (name, attribute) in enumerate(value.names().items()):
            self.add((" " if index else "") + (f"{name}:" if verb.letter == "v" and "+" in verb.flags else ""))
            self.value(getattr(value, attribute), verb, depth + 1)
        self.add("}")

    def _plain(self, value: Any, verb: _Verb) -> None:
        known = verb
        if verb.letter == "v":
            known = replace(verb, letter=_DEFAULTS.get(type(value), "s"), flags=verb.flags.replace("+", ""))
        text = _scalar(value, known)
        if text is not None:
            self.add(text)
        elif value is None:
            self.add(verb.padded("<nil>") if verb.letter == "v" else f"%!{verb.letter}(<nil>)")
        else:
            default = replace(verb, letter=_DEFAULTS.get(type(value), "s"))
            text = _scalar(value, default)
            self.add(f"%!{verb.letter}({type_name(value)}={_own_text(value) if text is None else text})")


_DEFAULTS: dict[type, str] = {bool: "t", int: "d", Duration: "d", float: "g"}


def _own_text(value: Any) -> str | None:
    """What a value of a type with a text of its own is given out as."""
    match value:
        case Duration():
            return duration_text(value)
        case datetime():
            return time_text(value)
        case OwnText():
            return value.go_text()
    return None


def _scalar(value: Any, verb: _Verb) -> str | None:
    """A value by a verb that fits its type; None if none does."""
    match value:
        case bool():
            return verb.padded(str(value).lower()) if verb.letter == "t" else None
        case int():
            return _whole(value, verb)
        case float():
            if verb.letter not in "eEfFgG":
                return None
            text = float_text(value, verb.letter, verb.precision)
            if text[-1] in "fN":
                # No number with digits: zeros would not fit, and +Inf keeps its sign.
                sign = "+" if "+" in verb.flags or (text == "+Inf" and " " not in verb.flags) else ""
                sign = sign or (" " if " " in verb.flags else "")
                shown = text if text == "-Inf" else sign + text.removeprefix("+")
                return replace(verb, flags=verb.flags.replace("0", "")).padded(shown)
            return verb.signed(text)
        case str():
            return _text(value, verb)
    return None


def _whole(value: int, verb: _Verb) -> str | None:
    match verb.letter:
        case "d" | "b" | "o" | "x" | "X":
            digits = f"{abs(value):{verb.letter}}".rjust(max(verb.precision, 0), "0")
            plain = verb if verb.precision < 0 else replace(verb, flags=verb.flags.replace("0", ""))
            return plain.signed(("-" if value < 0 else "") + digits)
        case "O":
            return verb.signed(("-" if value < 0 else "") + f"0o{abs(value):o}")
        case "c" | "q" | "U":
            char = chr(value) if 0 <= value < 0x110000 and not 0xD800 <= value < 0xE000 else "\ufffd"
            shown = {"c": char, "q": quote(char, "'", ascii_only="+" in verb.flags), "U": f"U+{value % 2**64:04X}"}
            return verb.padded(shown[verb.letter])
    return None


def _text(value: str, verb: _Verb) -> str | None:
    cut = value if verb.precision < 0 else value[: verb.precision]
    match verb.letter:
        case "s":
            return verb.padded(cut)
        case "q":
            return verb.padded(quote(cut, ascii_only="+" in verb.flags))
        case "x" | "X":
            raw = value.encode("utf-8", "replace")
            raw = raw if verb.precision < 0 else raw[: verb.precision]
            text = raw.hex(" ") if " " in verb.flags else raw.hex()
            return verb.padded(text if verb.letter == "x" else text.upper())
    return None
