"""A look at a query's words before it is parsed: limits, and where a word stands."""

from __future__ import annotations

import re
from collections.abc import Iterator

from alerts.promql.errors import PromQLError

#: The parser needs memory and stack for every level: deep nesting ends the process instead of raising.
MAX_LENGTH = 10_000
MAX_DEPTH = 100
MAX_OPERATORS = 500

_TOKEN = re.compile(
    r"""(?P<skip>\s+|\#[^\n]*)
    |(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)
    |(?P<number>(?:\d[\d.]*|\.\d+)(?:[eE][+-]?\d+|\w*))
    |(?P<word>[A-Za-z_:][\w:]*)
    |(?P<open>[(\[{])|(?P<close>[)\]}])
    |(?P<at>@)
    |(?P<operator>[=!<>]=|[=!]~|[-+*/%^<>])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_BYTE = re.compile(r"(?<!\\)(?:\\\\)*\\(?:x[89a-fA-F]|[23][0-7]{2})")
_WORD_OPERATORS = frozenset({"and", "or", "unless", "atan2"})


def check(text: str) -> None:
    """Refuse what the parser can't take safely; PromQLError with the position."""
    if len(text) > MAX_LENGTH:
        raise PromQLError(f"the query is longer than {MAX_LENGTH} characters", MAX_LENGTH)
    depth = operators = 0
    previous = ""
    for kind, word, position in tokens(text):
        if kind == "open":
            depth += 1
        elif kind == "close":
            depth -= 1
        elif kind == "string" and _BYTE.search(word) and not word.startswith("`"):
            raise PromQLError(r"a byte as \x80 to \xff is not supported: write the character itself", position)
        elif kind == "operator" or word in _WORD_OPERATORS:
            operators += 1
            if word == "-" and previous == "@":
                raise PromQLError("a time before 1970 after @ is not supported", position)
        if depth > MAX_DEPTH:
            raise PromQLError(f"brackets are nested deeper than {MAX_DEPTH} levels", position)
        if operators > MAX_OPERATORS:
            raise PromQLError(f"the query has more than {MAX_OPERATORS} operators", position)
        previous = word


def tokens(text: str) -> Iterator[tuple[str, str, int]]:
    """(kind, text, position) of each word."""
    for match in _TOKEN.finditer(text):
        if match.lastgroup and match.lastgroup != "skip":
            yield match.lastgroup, match.group(), match.start()


def find(text: str, *words: str) -> int | None:
    """Where one of the words, of any case, first stands outside of strings and comments."""
    wanted = {word.lower() for word in words}
    return next((position for _, word, position in tokens(text) if word.lower() in wanted), None)
