"""Templates executed over data, within bounds: no template runs on, or fills the memory."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from alerts.templates.builtins import BUILTINS, shown
from alerts.templates.calling import Callee, constant, fitting
from alerts.templates.errors import TemplateError
from alerts.templates.methods import METHODS
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
from alerts.templates.notification import GROUP_METHODS
from alerts.templates.parser import parse
from alerts.templates.printing import LONGEST
from alerts.templates.values import Safe, Strings, Struct, elements, truth, type_name

#: Characters that a template may give out.
MAX_OUTPUT = 2_000_000
#: Parts of a template that may be executed, a loop's each time.
MAX_STEPS = 250_000
#: Characters that functions may take and give.
MAX_WORK = 20_000_000
#: Actions, brackets and templates inside each other while they are executed.
MAX_DEPTH = 80

_METHODS = {**METHODS, **GROUP_METHODS}
#: No value comes down the pipe.
_NOTHING = object()


class Functions:
    """What templates may call: Go's own functions and `more`."""

    def __init__(self, more: Mapping[str, Callee]) -> None:
        self.by_name = {**BUILTINS, **more}
        self.names = frozenset((*self.by_name, "and", "or"))


@dataclass(frozen=True, slots=True)
class Expanded:
    """A text, and why it could not be filled in; empty if it could."""

    text: str
    error: str = ""


def expanded_text(
    text: str,
    data: Any,
    functions: Functions,
    defined: Mapping[str, Definition],
    *,
    before: str = "",
    fallback: str = "",
    escaped: bool = False,
) -> Expanded:
    """A template filled in; where that fails the fallback, else the text as it is, and the error: never nothing.

    defined: further templates by name; before: what is put in front, on the text's first line; escaped: what is filled
    in is made plain text of HTML.
    """
    if "{{" not in text:
        return Expanded(text)
    try:
        return Expanded(execute(before + text, data, functions, defined, escaped=escaped))
    except TemplateError as error:
        return Expanded(fallback or text, str(error))
    except RecursionError:
        # The bounds on depth are for an ordinary caller; this one was deep in its own calls.
        return Expanded(fallback or text, "nested too deeply")


def parsed(text: str, functions: Functions, source: str = "") -> Parsed:
    """The tree of a template that may use these functions; raises TemplateError."""
    return parse(text, functions.names, source)


def execute(
    text: str,
    data: Any,
    functions: Functions,
    defined: Mapping[str, Definition] | None = None,
    *,
    escaped: bool = False,
) -> str:
    """A template filled in; raises TemplateError."""
    tree = parsed(text, functions)
    run = _Execution({**(defined or {}), **tree.defined}, functions.by_name, escaped=escaped)
    run.template(tree.main, data)
    return "".join(run.output)


class _Execution:
    def __init__(
        self, defined: Mapping[str, Definition], functions: Mapping[str, Callee], *, escaped: bool = False
    ) -> None:
        self._defined, self._functions, self._escaped = defined, functions, escaped
        self._variables: list[tuple[str, Any]] = []
        self._source = ""
        self._steps = self._work = self._written = self._depth = 0
        self.output: list[str] = []
        self.line = 1

    # --- bounds and errors

    def _error(self, reason: str) -> TemplateError:
        return TemplateError(reason, self.line, self._source)

    def _step(self) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise self._error(f"more than {MAX_STEPS:,} steps")

    def _weigh(self, value: Any) -> None:
        """Count what a function takes or gives; what lies deeper is bounded where it is printed."""
        weight = len(value) if isinstance(value, str | dict | tuple) else 1
        if isinstance(value, list):
            weight = sum(map(len, value)) + len(value)
        elif isinstance(value, str) and weight > LONGEST:
            raise self._error(f"a text gets longer than {LONGEST:,} characters")
        self._work += weight
        if self._work > MAX_WORK:
            raise self._error(f"the functions work on more than {MAX_WORK:,} characters")

    def _write(self, text: str) -> None:
        self._written += len(text)
        if self._written > MAX_OUTPUT:
            raise self._error(f"more than {MAX_OUTPUT:,} characters are given out")
        self.output.append(text)

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

    def template(self, definition: Definition, dot: Any) -> None:
        """Execute one template; it sees no variables but its own."""
        outer = self._variables, self._source
        self._variables, self._source = [("$", dot)], definition.source
        self._body(definition.body, dot)
        self._variables, self._source = outer

    def _body(self, body: Body, dot: Any) -> str:
        """Execute one after the other; `break` or `continue` if one of them says so, else nothing."""
        for node in body:
            self._step()
            if jump := self._node(node, dot):
                return jump
        return ""

    def _node(self, node: Node, dot: Any) -> str:
        match node:
            case Text(text):
                self._write(text)
            case Action(pipe):
                value = self._pipe(pipe, dot)
                if not pipe.variables:
                    text = self._guarded(shown, (value,))
                    # The function html has escaped it already.
                    done = isinstance(value, Safe) or pipe.commands[-1].words[0] == Function("html")
                    self._write(html.escape(text) if self._escaped and not done else text)
            case Branches():
                return self._branches(node, dot)
            case Range():
                return self._range(node, dot)
            case Jump(kind):
                return kind
            case Include(name, pipe, line):
                self.line = line
                if name not in self._defined:
                    raise self._error(f"the template {name!r} is not defined")
                with self._deeper():
                    self.template(self._defined[name], None if pipe is None else self._pipe(pipe, dot))
        return ""

    def _branches(self, node: Branches, dot: Any) -> str:
        with self._deeper():
            for pipe, body in node.branches:
                value = self._pipe(pipe, dot)
                if truth(value):
                    return self._body(body, value if node.kind == "with" else dot)
            return self._body(node.otherwise, dot)

    def _range(self, node: Range, dot: Any) -> str:
        with self._deeper():
            names = node.pipe.variables
            items = self._guarded(elements, self._pipe(node.pipe, dot))
            known, empty = len(self._variables), True
            for index, element in items:
                empty = False
                self._step()
                # The only variable is the element, of two the first one is the index.
                for name, value in zip(reversed(names), (element, index), strict=False):
                    self._set(name, value)
                jump = self._body(node.body, element)
                del self._variables[known:]
                if jump == "break":
                    break
            return self._body(node.otherwise, dot) if empty else ""

    # --- values

    def _set(self, name: str, value: Any) -> None:
        for index in range(len(self._variables) - 1, -1, -1):
            if self._variables[index][0] == name:
                self._variables[index] = (name, value)
                return
        raise self._error(f"the variable {name} is not known here")

    def _get(self, name: str) -> Any:
        for known, value in reversed(self._variables):
            if known == name:
                return value
        raise self._error(f"the variable {name} is not known here")

    def _guarded(self, run: Callable[..., Any], *values: Any) -> Any:
        try:
            return run(*values)
        except TemplateError:
            raise
        except (ValueError, OverflowError) as error:
            raise self._error(str(error)) from None

    def _pipe(self, pipe: Pipe, dot: Any) -> Any:
        value: Any = _NOTHING
        for command in pipe.commands:
            self.line = command.line
            value = self._command(command, dot, value)
        for name in pipe.variables:
            if pipe.assigns:
                self._set(name, value)
            else:
                self._variables.append((name, value))
        return value

    def _command(self, command: Command, dot: Any, last: Any) -> Any:
        self._step()
        first, rest = command.words[0], command.words[1:]
        match first:
            case Function("and" | "or" as name):
                return self._chosen(name == "or", rest, dot, last)
            case Function(name):
                return self._call(self._functions[name], (), rest, dot, last)
            case Field() | Variable(_, (_, *_)) | Chain():
                return self._reached(first, rest, dot, last)
        if rest or last is not _NOTHING:
            raise self._error("arguments are given to what is no function")
        if isinstance(first, Nil):
            raise self._error("nil is no command")
        return self._operand(first, object, dot)

    def _operand(self, word: Operand, wanted: type, dot: Any) -> Any:
        """The value of an operand, of the type that a function wants."""
        match word:
            case Literal():
                return self._guarded(constant, word, wanted)
            case Nil():
                value = None
            case Dot():
                value = dot
            case Variable(name, ()):
                value = self._get(name)
            case Function():
                value = self._command(Command((word,), self.line), dot, _NOTHING)
            case Pipe():
                with self._deeper():
                    value = self._pipe(word, dot)
            case _:
                value = self._reached(word, (), dot, _NOTHING)
        return self._guarded(fitting, value, wanted)

    def _chosen(self, ends: bool, words: tuple[Operand, ...], dot: Any, last: Any) -> Any:
        """`and` and `or`: the first value that settles it, else the last; what comes behind it is not looked at."""
        if not words and last is _NOTHING:
            raise self._error("and, or take at least 1 argument")
        value: Any = None
        for word in words:
            value = self._operand(word, object, dot)
            if truth(value) is ends:
                return value
        return value if last is _NOTHING else last

    def _call(self, function: Callee, own: tuple[Any, ...], words: tuple[Operand, ...], dot: Any, last: Any) -> Any:
        """Call a function, or a method on its own value, with the arguments and what comes down the pipe."""
        count = len(own) + len(words) + (last is not _NOTHING)
        wanted = self._guarded(function.wants, count)[len(own) :]
        values = [self._operand(word, kind, dot) for word, kind in zip(words, wanted, strict=False)]
        if last is not _NOTHING:
            values.append(self._guarded(fitting, last, wanted[-1]))
        for value in values:
            self._weigh(value)
        result = self._guarded(function.run, *own, *values)
        self._weigh(result)
        return result

    def _reached(self, word: Operand, words: tuple[Operand, ...], dot: Any, last: Any) -> Any:
        """The value behind fields; the last of them may be a method that takes arguments."""
        match word:
            case Field(names):
                value = dot
            case Variable(name, names):
                value = self._get(name)
            case Chain(base, names):
                value = self._operand(base, object, dot)
            case _:
                raise self._error("a field is expected")
        if value is None:
            # Nothing has no fields, and is no error.
            return None
        for name in names[:-1]:
            value = self._field(value, name, (), dot, _NOTHING)
        return self._field(value, names[-1], words, dot, last)

    def _field(self, value: Any, name: str, words: tuple[Operand, ...], dot: Any, last: Any) -> Any:
        method = _METHODS.get(type(value), {}).get(name)
        if method is not None:
            return self._call(method, (value,), words, dot, last)
        if words or last is not _NOTHING:
            raise self._error(f"{name} is no method and takes no arguments")
        if isinstance(value, Strings):
            return value.get(name, "")
        if type(value) is dict:
            return value.get(name)
        if isinstance(value, Struct) and (attribute := value.names().get(name)):
            return getattr(value, attribute)
        raise self._error(f"a {type_name(value)} has no field {name}")
