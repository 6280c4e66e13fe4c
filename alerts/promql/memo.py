"""What queries over the same samples have in common, computed once."""

from __future__ import annotations

from collections.abc import Collection
from typing import Generic, TypeVar

from alerts.promql.frame import Ints
from alerts.promql.nodes import Node
from alerts.promql.survey import looks

Value = TypeVar("Value")
_Key = tuple[int, int, int, int]


class Memo(Generic[Value]):
    """Values of parts of queries by the steps at which they were evaluated.

    changing: names of series that get samples while it is in use; what may look at them is computed each time.
    """

    def __init__(self, changing: Collection[str] = ()) -> None:
        self._changing = tuple(changing)
        # By identity, as hashing a tree takes longer than many a query; the nodes are kept so that theirs stay unique.
        self._keys: dict[int, tuple[Node, int | None]] = {}
        self._numbers: dict[Node, int] = {}
        self._values: dict[_Key, Value] = {}

    def key(self, node: Node, times: Ints) -> _Key | None:
        """Where the value belongs; None if it is not to be kept."""
        known = self._keys.get(id(node))
        if known is None:
            known = self._keys[id(node)] = node, self._number(node)
        number = known[1]
        if number is None or not times.size:
            return None
        return number, int(times[0]), int(times[-1]), times.size

    def get(self, key: _Key) -> Value | None:
        """What was kept."""
        return self._values.get(key)

    def put(self, key: _Key, value: Value) -> Value:
        """Keep a value."""
        self._values[key] = value
        return value

    def forget(self) -> None:
        """The samples are about to change."""
        self._values.clear()

    def _number(self, node: Node) -> int | None:
        if any(look.may_find(name) for look in looks(node) for name in self._changing):
            return None
        return self._numbers.setdefault(node, len(self._numbers))
