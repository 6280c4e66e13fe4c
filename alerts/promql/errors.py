"""What goes wrong with a query."""

from __future__ import annotations


class PromQLError(ValueError):
    """A query that can't be parsed or answered.

    position: where in the text, counted from 0; None if it lies in the data or can't be told.
    """

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message if position is None else f"character {position + 1}: {message}")
        self.message = message
        self.position = position


class QueryStopped(PromQLError):
    """The query took too long or was given up."""
