"""What goes wrong with a template."""

from __future__ import annotations


class TemplateError(ValueError):
    """A template that can't be read or executed.

    line: counted from 1; source: the file it stands in, empty if it stands in none.
    """

    def __init__(self, reason: str, line: int, source: str = "") -> None:
        super().__init__(f"{source}:{line}: {reason}" if source else f"line {line}: {reason}")
        self.reason = reason
        self.line = line
        self.source = source
