"""From a template's words to its tree."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Literal as Choice

from alerts.templates.errors import TemplateError
from alerts.templates.lexer import Word, words
from alerts.templates.nodes import (
    Action,
    Body,
    Branches,
    Chain,
    Command,
    Definition,
    Dot,
    Field,
    Function,
    Include,
    Jump,
    Literal,
    Nil,
    Node,
    Operand,
    Parsed,
    Pipe,
    Range,
    Text,
    Variable,
)
from alerts.templates.quoting import unquote

#: Characters of a template's text.
MAX_LENGTH = 200_000
#: Actions and brackets inside each other.
MAX_DEPTH = 40
_LARGEST = 2**63
_OLD_OCTAL = re.compile(r"([-+]?)0_?([0-7_]+)")


@lru_cache(maxsize=512)
def parse(text: str, functions: frozenset[str], source: str = "") -> Parsed:
    """The tree of a template that may use these functions; TemplateError for what is wrong.

    source: the file it stands in, for errors.
    """
    if len(text) > MAX_LENGTH:
        raise TemplateError(f"the template is longer than {MAX_LENGTH:,} characters", 1, source)
    return _Parser(text, functions, source).read()


class _Parser:
    def __init__(self, text: str, functions: Container[str], source: str) -> None:
        self._words = list(words(text, source))
        self._functions, self._source = functions, source
        self._at = self._depth = self._loops = 0
        self._variables = ["$"]
        self._defined: dict[str, Definition] = {}

    # --- moving along the words

    @property
    def _next(self) -> Word:
        return self._words[self._at]

    def _take(self) -> Word:
        word = self._next
        self._at += word.kind != "eof"
        return word

    def _took(self, *kinds: str) -> bool:
        """Whether the next words are of these kinds, which are passed then."""
        here = self._words[self._at : self._at + len(kinds)]
        if [word.kind for word in here] != list(kinds):
            return False
        self._at += len(kinds)
        return True

    def _expect(self, kind: str, place: str) -> Word:
        if self._next.kind != kind:
            raise self._unexpected(place)
        return self._take()

    def _error(self, reason: str) -> TemplateError:
        return TemplateError(reason, self._next.line, self._source)

    def _unexpected(self, place: str) -> TemplateError:
        word = self._next
        return self._error(f"unexpected {'end of the text' if word.kind == 'eof' else repr(word.text[:40])} in {place}")

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        """One level down: its variables end with it."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error(f"nested deeper than {MAX_DEPTH} levels")
        known = len(self._variables)
        yield
        del self._variables[known:]
        self._depth -= 1

    # --- actions

    def read(self) -> Parsed:
        """The whole template."""
        body: list[Node] = []
        while self._next.kind != "eof":
            if self._took("begin", "define"):
                self._definition(self._name("define"), "define")
            else:
                body.append(self._node())
        return Parsed(Definition(tuple(body), self._source), self._defined)

    def _body(self, place: str) -> Body:
        """Everything up to {{end}} or {{else}}, of which the {{ is passed."""
        body: list[Node] = []
        while not (self._next.kind == "begin" and self._words[self._at + 1].kind in ("end", "else")):
            if self._next.kind == "eof":
                raise self._error(f"{place} has no {{{{end}}}}")
            body.append(self._node())
        self._take()
        return tuple(body)

    def _node(self) -> Node:
        if self._next.kind == "text":
            return Text(self._take().text)
        self._expect("begin", "the template")
        match self._next.kind:
            case "if" | "with" as kind:
                self._take()
                return self._branches(kind)
            case "range":
                self._take()
                return self._range()
            case "break" | "continue" as jump:
                if not self._loops:
                    raise self._error(f"{{{{{jump}}}}} stands outside of {{{{range}}}}")
                self._take()
                self._expect("close", jump)
                return Jump(jump)
            case "template":
                self._take()
                return self._include()
            case "block":
                self._take()
                return self._block()
        return Action(self._pipe("a command"))

    def _closed(self, place: str) -> None:
        """Pass `end}}`."""
        self._expect("end", place)
        self._expect("close", place)

    def _branches(self, kind: Choice["if", "with"]) -> Branches:
        branches: list[tuple[Pipe, Body]] = []
        otherwise: Body = ()
        with self._deeper():
            while True:
                pipe = self._pipe(kind)
                branches.append((pipe, self._body(kind)))
                if self._took("else", kind):
                    continue
                if self._took("else"):
                    self._expect("close", "else")
                    otherwise = self._body(kind)
                self._closed(kind)
                return Branches(kind, tuple(branches), otherwise)

    def _range(self) -> Range:
        with self._deeper():
            pipe = self._pipe("range")
            self._loops += 1
            body = self._body("range")
            self._loops -= 1
            otherwise: Body = ()
            if self._took("else"):
                self._expect("close", "else")
                otherwise = self._body("range")
            self._closed("range")
            return Range(pipe, body, otherwise)

    def _name(self, place: str) -> str:
        return self._text(self._expect("string", place))

    def _text(self, word: Word) -> str:
        try:
            return unquote(word.text)
        except ValueError as error:
            raise TemplateError(str(error), word.line, self._source) from None

    def _include(self) -> Include:
        line, name = self._next.line, self._name("template")
        pipe = None if self._took("close") else self._pipe("template")
        return Include(name, pipe, line)

    def _block(self) -> Include:
        line, name = self._next.line, self._name("block")
        pipe = self._pipe("block")
        self._definition(name, "block", opened=True)
        return Include(name, pipe, line)

    def _definition(self, name: str, place: str, opened: bool = False) -> None:
        if not opened:
            self._expect("close", place)
        outer, self._variables = self._variables, ["$"]
        loops, self._loops = self._loops, 0
        with self._deeper():
            made = Definition(self._body(place), self._source)
        self._closed(place)
        self._variables, self._loops = outer, loops
        known = self._defined.get(name)
        if known is None or known.empty:
            self._defined[name] = made
        elif not made.empty:
            raise self._error(f"the template {name!r} is defined twice")

    # --- pipes

    def _pipe(self, place: str, closing: str = "close") -> Pipe:
        """A pipe and what closes it."""
        line = self._next.line
        variables, assigns = self._declared(place)
        commands: list[Command] = []
        while self._next.kind != closing:
            commands.append(self._command(place))
        if not commands:
            raise self._error(f"{place} has no value")
        for command in commands[1:]:
            if isinstance(command.words[0], Dot | Nil | Literal):
                raise self._error("only a function or a method can stand after |")
        self._take()
        self._variables += () if assigns else variables
        return Pipe(tuple(commands), line, variables, assigns)

    def _declared(self, place: str) -> tuple[tuple[str, ...], bool]:
        """The variables of `$x :=`, `$x =` and `range $i, $x :=`."""
        start, found = self._at, []
        while self._next.kind == "variable":
            found.append(self._take().text)
            if self._next.kind in ("declare", "="):
                assigns = self._take().kind == "="
                for name in found:
                    if assigns and name not in self._variables:
                        raise self._error(f"the variable {name} is not known")
                return tuple(found), assigns
            if not (self._next.kind == "," and place == "range" and len(found) == 1):
                break
            self._take()
        self._at = start
        return (), False

    def _command(self, place: str) -> Command:
        line, found = self._next.line, [self._operand(place)]
        while self._next.kind not in ("close", ")") and not self._took("|"):
            if not self._next.spaced:
                raise self._unexpected(place)
            found.append(self._operand(place))
        return Command(tuple(found), line)

    def _operand(self, place: str) -> Operand:
        term = self._term(place)
        fields: list[str] = []
        while self._next.kind == "field" and not self._next.spaced:
            fields.append(self._take().text[1:])
        if not fields:
            return term
        match term:
            case Field(names):
                return Field((*names, *fields))
            case Variable(name):
                return Variable(name, tuple(fields))
            case Pipe() | Function():
                return Chain(term, tuple(fields))
        raise self._error(f"{fields[0]!r} can't be a field of that")

    def _term(self, place: str) -> Operand:
        if self._next.kind in ("close", ")", "|", "eof", "text", "begin", ",", "=", "declare"):
            raise self._unexpected(place)
        word = self._take()
        match word.kind:
            case "dot":
                return Dot()
            case "nil":
                return Nil()
            case "field":
                return Field((word.text[1:],))
            case "true" | "false":
                return Literal(word.kind == "true")
            case "string":
                return Literal(self._text(word))
            case "char":
                char = self._text(word)
                if len(char) != 1:
                    raise self._error(f"{word.text[:40]} is not one character")
                return Literal(ord(char), ord(char))
            case "number":
                return self._number(word)
            case "variable":
                if word.text not in self._variables:
                    raise self._error(f"the variable {word.text} is not known")
                return Variable(word.text)
            case "word":
                if word.text not in self._functions:
                    raise self._error(f"the function {word.text} is not known")
                return Function(word.text)
            case "(":
                with self._deeper():
                    return self._pipe("brackets", ")")
        self._at -= 1
        raise self._unexpected(place)

    def _number(self, word: Word) -> Literal:
        text = word.text
        if text.endswith("i") and "x" not in text.lower():
            raise self._error("complex numbers are not supported")
        try:
            octal = _OLD_OCTAL.fullmatch(text)
            value = int(octal[1] + "0o" + octal[2] if octal else text, 0)
        except ValueError:
            return self._float(word)
        if not -_LARGEST <= value < _LARGEST:
            raise self._error(f"the number {text[:40]} is too large")
        return Literal(value, value)

    def _float(self, word: Word) -> Literal:
        text = word.text
        try:
            value = float.fromhex(text.replace("_", "")) if "x" in text.lower() and "p" in text.lower() else float(text)
        except (ValueError, OverflowError):
            value = float("inf")
        if abs(value) == float("inf") or not set(text) & set(".eEpP"):
            raise self._error(f"bad number {text[:40]!r}")
        exact = int(value) if value.is_integer() and abs(value) < _LARGEST else None
        return Literal(value, exact)
