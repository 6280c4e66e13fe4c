"""From a template's text to its words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from alerts.templates.errors import TemplateError

_SPACE = " \t\r\n"
_KEYWORDS = frozenset(
    ("block", "break", "continue", "define", "else", "end", "if", "nil", "range", "template", "with", "true", "false")
)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_WORD = re.compile(
    r"""(?P<close>[ \t\r\n]+-\}\}|\}\})
    |(?P<space>[ \t\r\n]+)
    |(?P<string>"(?:\\[^\n]|[^"\\\n])*"|`[^`]*`)
    |(?P<char>'(?:\\[^\n]|[^'\\\n])*')
    |(?P<number>(?=[-+]?\.?\d)[-+]?(?:0[xX][\da-fA-F_]*(?:\.[\da-fA-F_]*)?(?:[pP][-+]?[\d_]*)?
        |0[oObB][\d_]*|(?:\d[\d_]*\.?|\.\d)[\d_]*(?:[eE][-+]?[\d_]*)?)i?(?!\w))
    |(?P<variable>\$\w*)
    |(?P<field>\.\w+)
    |(?P<dot>\.)
    |(?P<word>\w+)
    |(?P<declare>:=)
    |(?P<sign>[=|(),])""",
    re.VERBOSE,
)
_NAMES = frozenset(("variable", "field", "dot", "word"))
#: What may follow a name.
_AFTER_NAME = re.compile(r"[ \t\r\n.,|:)(]|\}\}|$")


@dataclass(frozen=True, slots=True)
class Word:
    """A part of an action, or text between actions.

    kind: text, begin ({{), close (}}), eof, string, char, number, variable, field, dot, word, or the keyword or sign
    itself; spaced: whether white space stands before it.
    """

    kind: str
    text: str
    line: int
    spaced: bool = False


def words(text: str, source: str) -> Iterator[Word]:
    """The words of a template, `eof` at the end; TemplateError for what is none."""
    position, line, trims = 0, 1, False
    while True:
        start = text.find("{{", position)
        plain = text[position:] if start < 0 else text[position:start]
        shown = plain.lstrip(_SPACE) if trims else plain
        begins_trimmed = start >= 0 and text[start + 2 : start + 3] == "-" and text[start + 3 : start + 4] in _SPACE
        begins_trimmed = begins_trimmed and start + 3 < len(text)
        if shown := shown.rstrip(_SPACE) if begins_trimmed else shown:
            yield Word("text", shown, line)
        line += plain.count("\n")
        if start < 0:
            yield Word("eof", "", line)
            return
        inside = start + (4 if begins_trimmed else 2)
        line += text.count("\n", start, inside)
        if text.startswith("/*", inside):
            position, trims = _after_comment(text, inside, line, source)
            line += text.count("\n", inside, position)
            continue
        yield Word("begin", "{{", line)
        position = inside
        for word, behind in _action(text, inside, line, source):
            line, position = word.line, behind
            yield word
        trims = text[position - 3] == "-"


def _after_comment(text: str, start: int, line: int, source: str) -> tuple[int, bool]:
    found = _COMMENT.match(text, start)
    if found is None:
        raise TemplateError("a comment is not closed by */", line, source)
    if text.startswith("}}", found.end()):
        return found.end() + 2, False
    if text[found.end() : found.end() + 1] in _SPACE and text.startswith("-}}", found.end() + 1):
        return found.end() + 4, True
    raise TemplateError("a comment has to be alone in its action: {{/* ... */}}", line, source)


def _action(text: str, position: int, line: int, source: str) -> Iterator[tuple[Word, int]]:
    """The words up to }} with the position behind each."""
    spaced, depth = False, 0
    while True:
        found = _WORD.match(text, position)
        if found is None:
            raise TemplateError(_unread(text, position), line, source)
        kind, word, position = str(found.lastgroup), found.group(), found.end()
        line += word.count("\n")
        if kind == "space":
            spaced = True
            continue
        depth += (word == "(") - (word == ")")
        if kind == "close" and depth:
            raise TemplateError("a bracket ( is not closed", line, source)
        if depth < 0:
            raise TemplateError("a bracket ) closes none", line, source)
        if kind in _NAMES and not _AFTER_NAME.match(text, position):
            raise TemplateError(f"unexpected {text[position]!r} after {word[:40]!r}", line, source)
        if kind == "sign" or (kind == "word" and word in _KEYWORDS):
            kind = word
        yield Word(kind, word, line, spaced), position
        if kind == "close":
            return
        spaced = False


def _unread(text: str, position: int) -> str:
    rest = text[position:]
    if not rest:
        return "an action is not closed by }}"
    if rest[0] in "\"'`":
        return f"a text that begins with {rest[0]} is not closed"
    return f"unexpected {rest[0]!r} in an action"
