"""What queries over the same samples have in common, computed once."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Generic, TypeVar

from alerts.promql.frame import Ints
from alerts.promql.nodes import Node
from alerts.promql.survey import looks

Value = TypeVar("Value")
#: Steps by the first, the last and how many.
_Steps = tuple[int, int, int]


class Memo(Generic[Value]):
    """Values of parts of queries by the steps at which they were evaluated.

    changing: names of series that get samples while it is in use; who adds some has to say so.
    """

    def __init__(self, changing: Collection[str] = ()) -> None:
        # By identity, as hashing a tree takes longer than many a query; the nodes are kept so that theirs stay unique.
        self._known: dict[int, tuple[Node, dict[_Steps, Value]]] = {}
        self._values: dict[Node, dict[_Steps, Value]] = {}
        #: The values of what may look at series of a name.
        self._readers: dict[str, list[dict[_Steps, Value]]] = {name: [] for name in changing}

    def value(self, node: Node, times: Ints, compute: Callable[[], Value]) -> Value:
        """The value at these steps, computed unless an equal node was before."""
        known = self._known.get(id(node))
        if known is None:
            known = self._known[id(node)] = node, self._values_of(node)
        steps = int(times[0]), int(times[-1]), times.size
        found = known[1].get(steps)
        if found is None:
            found = known[1][steps] = compute()
        return found

    def changed(self, name: str) -> None:
        """There are new samples of series of this name."""
        for values in self._readers[name]:
            values.clear()

    def forget(self) -> None:
        """All samples are about to change."""
        for values in self._values.values():
            values.clear()

    def _values_of(self, node: Node) -> dict[_Steps, Value]:
        values = self._values.get(node)
        if values is None:
            values = self._values[node] = {}
            for name, readers in self._readers.items():
                if any(look.may_find(name) for look in looks(node)):
                    readers.append(values)
        return values
