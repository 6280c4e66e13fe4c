"""Functions on texts that both kinds of templates have."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from alerts.promql.relabel import expanded
from alerts.templates.values import Safe
from data.regex import Regex, compiled

# A word goes on over one mark between two letters or two digits, such as in "don't" or "1.5".
_TITLED = re.compile(r"\w+(?:(?:(?<=[^\W\d])[.:’'·](?=[^\W\d])|(?<=\d)[.,;'](?=\d))\w+)*")
_BEGINNING = re.compile(r"(?:(?<=[\x00-/:-@\[-^`{-\x7f])|(?<=\s)|^)\w")
#: Characters of a regular expression.
_LONGEST_PATTERN = 1_000


def to_upper(text: str) -> str:
    """In capitals, letter by letter: what would become two letters stays as it is."""
    return "".join(upper if len(upper := char.upper()) == 1 else char for char in text)


def to_lower(text: str) -> str:
    """In small letters, letter by letter."""
    return "".join(char.lower()[0] for char in text)


def title(text: str) -> str:
    """Each word with a capital first letter, the rest in small ones."""
    return _TITLED.sub(lambda word: _capitalized(word.group()), text)


def title_keeping(text: str) -> str:
    """What begins a word as a capital, the rest as it is; here every mark but _ ends a word."""
    return _BEGINNING.sub(lambda found: to_upper(found.group()), text)


def _capitalized(word: str) -> str:
    first = next((index for index, char in enumerate(word) if char.lower() != char.upper()), len(word))
    return word[:first] + word[first : first + 1].title() + to_lower(word[first + 1 :])


@lru_cache(maxsize=256)
def _pattern(text: str) -> Regex:
    if len(text) > _LONGEST_PATTERN:
        raise ValueError(f"a regular expression is longer than {_LONGEST_PATTERN:,} characters")
    return compiled(text)


def match(pattern: str, text: str) -> bool:
    """Whether a regular expression (RE2) is found in a text."""
    return _pattern(pattern).search(text) is not None


def re_replace_all(pattern: str, replacement: str, text: str) -> str:
    """A text with all that a regular expression (RE2) finds replaced; `$1` and `${name}` are its groups."""
    pieces, position = [], 0
    last_end = -1
    for found in _pattern(pattern).finditer(text):
        start, end = found.span()
        # Nothing right behind what was found does not count.
        if start == end == last_end:
            continue
        pieces += [text[position:start], expanded(replacement, found)]
        position = last_end = end
    return "".join([*pieces, text[position:]])


def safe(text: str) -> Safe:
    """The text, as one that needs no escapes."""
    return Safe(text)


SHARED: dict[str, Callable[..., Any]] = {
    "match": match,
    "reReplaceAll": re_replace_all,
    "safeHtml": safe,
    "toLower": to_lower,
    "toUpper": to_upper,
}
