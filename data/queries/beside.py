"""Questions of which none waits for another's answer, asked at the same time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

from data.analytics import AnalyticCopy

P = ParamSpec("P")
T = TypeVar("T")

#: The engine shares a large question out by itself; beside it there is room for what it does one after the other:
#: planning, putting the last pieces together, handing the answer over.
_AT_ONCE = 2


class Ask:
    """Takes a question and gives what will be its answer."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool

    def __call__(self, question: Callable[P, T], *given: P.args, **named: P.kwargs) -> Future[T]:
        """Ask in another thread, as a part of the request that is being served."""
        return self._pool.submit(copy_context().run, partial(question, *given, **named))


@contextlib.contextmanager
def side_by_side(copy: AnalyticCopy) -> Iterator[Ask]:
    """Ask at once within the block, of a copy that was pulled as it began; all answers are there when it ends."""
    with copy.pulled(), ThreadPoolExecutor(_AT_ONCE) as pool:
        yield Ask(pool)
