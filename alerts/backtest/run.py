"""Judges rules over the past as the evaluator judges them live, many steps at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

import numpy as np

from alerts.annotations import expand
from alerts.backtest.outcome import Backtest, Interval, Outcome
from alerts.backtest.past import Past, Table
from alerts.backtest.plan import Plan, Task, known, plan
from alerts.backtest.threshold import threshold
from alerts.promql import Limits, Matrix, Memo, QueryStopped, range_query
from alerts.promql.calls import Value
from alerts.promql.frame import Floats, Ints
from alerts.rules import RuleFile
from alerts.states import Fingerprint, State
from data.samples.model import Labels

#: How often the past is judged.
MINUTE_MS = 60_000
#: Steps at once: fewer cost more time, more cost more memory.
_CHUNK = 1_440
#: What one evaluation of so many steps may look at: 400 MB.
_SAMPLES = 50_000_000
#: A rule that has no answer at so many steps is given up.
_MOST_FAILED = 100


class Stopped(Exception):
    """A backtest was given up."""


def backtest(
    rules: RuleFile,
    past: Past,
    start: int,
    end: int,
    *,
    names: Collection[str] | None = None,
    step: int = MINUTE_MS,
    stop: Callable[[], bool] = lambda: False,
) -> Backtest:
    """How the alerts of these names (None: all) would have fired from `start` to `end` (milliseconds).

    Groups are judged every `step`, or at their interval if that is longer. `stop` is asked all the while, True raises
    Stopped.
    """
    chosen = plan(rules, start, step, names)
    judges = [_Judge(task, chosen, past, (start, end, step), stop) for task in chosen.tasks]
    past.tables[:] = [judge.table for judge in judges if judge.table is not None]
    begin = min((judge.begin for judge in judges), default=end)
    length = step if chosen.stepwise else _CHUNK * step
    for first in range(begin - begin % length, end + 1, length):
        memo: Memo[Value] | None = None if chosen.stepwise else Memo()
        for judge in judges:
            judge.judge(first, first + length, memo)
    return Backtest(start, end, step, [each.outcome() for each in judges if each.alerts])


class _Judge:
    """One rule on its way through the past."""

    def __init__(
        self, task: Task, chosen: Plan, past: Past, span: tuple[int, int, int], stop: Callable[[], bool]
    ) -> None:
        self._task, self._past, self._span = task, past, span
        self._limits = Limits(samples=_SAMPLES, stop=stop)
        self._known = known(task, chosen.tasks, past, *span) if self.alerts else None
        self.begin = task.begin
        if self._known is not None:
            since = self._known.since
            # What can't be judged at all begins after the end.
            self.begin = span[1] + 1 if since is None else self.begin if since == span[0] else since
        first = -(-self.begin // task.period) * task.period
        self._turns = np.arange(first, span[1] + 1, task.period, dtype=np.int64)
        read = task.state.rule.record or any(task.feeds(other) for other in chosen.tasks)
        self.table = Table(task.state.names, self._turns) if read else None
        self._firing = _Firing(task)
        labels = {**task.group.labels, **task.state.rule.labels}
        self._templates = any("{{" in text for text in labels.values())
        self._error, self._failed = "", 0

    @property
    def alerts(self) -> bool:
        """Whether it is an alerting rule."""
        return self._task.state.rule.alert is not None

    def judge(self, first: int, end: int, memo: Memo[Value] | None) -> None:
        """Judge the turns from `first` on, before `end`."""
        self._judge(self._turns[np.searchsorted(self._turns, first) : np.searchsorted(self._turns, end)], memo)

    def _judge(self, turns: Ints, memo: Memo[Value] | None) -> None:
        if not turns.size or self._failed >= _MOST_FAILED:
            return
        try:
            self._take(turns, self._answers(turns, memo))
        except ValueError as error:
            if turns.size == 1:
                self._fail(error)
                return
            # What fails at one step must not cost the others.
            half = turns.size // 2
            self._judge(turns[:half], memo)
            self._judge(turns[half:], memo)

    def _answers(self, turns: Ints, memo: Memo[Value] | None) -> Matrix:
        task = self._task
        first, last = (int(turn) - task.group.query_offset for turn in (turns[0], turns[-1]))
        try:
            return range_query(task.state.rule.query, self._past, first, last, task.period, self._limits, memo)
        except QueryStopped:
            raise Stopped from None

    def _fail(self, error: ValueError) -> None:
        self._error, self._failed = str(error), self._failed + 1

    def _take(self, turns: Ints, answers: Matrix) -> None:
        if self.alerts:
            self._advance(turns, answers)
            return
        assert self.table is not None
        found = answers.labels, [0.0] * len(answers.labels)
        labels, _ = self._task.state.take(self._task.group, found, int(turns[0]), expand)
        rows = [self.table.row(each) for each in labels]
        self.table.put(int(np.searchsorted(self._turns, turns[0])), rows, answers.values, answers.here)

    def _advance(self, turns: Ints, answers: Matrix) -> None:
        """The alerts step by step, as their states depend on each other; many at once where nothing moves."""
        state, group, here = self._task.state, self._task.group, answers.here
        moves = np.append(np.flatnonzero((here[:, 1:] != here[:, :-1]).any(axis=0)) + 1, turns.size).tolist()
        column, last, move = 0, 0, 0
        while column < turns.size:
            while moves[move] <= column:
                move += 1
            rows = np.flatnonzero(here[:, column])
            # At a move the states are still those of the step before.
            last = moves[move] - 1 if column and column not in moves and self._calm(rows.size) else column
            values = self._firing.worst(answers.values[rows, column : last + 1])
            found = [answers.labels[row] for row in rows.tolist()], values.tolist()
            if rows.size or state.alerts.alerts:
                try:
                    given = state.take(group, found, int(turns[last]), expand)
                except ValueError as error:
                    self._fail(error)
                else:
                    self._firing.note(int(turns[last]))
                    if self.table is not None:
                        self._store(int(turns[last]), *given)
            column = last + 1

    def _calm(self, present: int) -> bool:
        """Whether the next step changes nothing but values if it has as many results as the one before."""
        alerts = self._task.state.alerts.alerts
        return (
            self.table is None
            and not self._templates
            and len(alerts) == present
            and all(each.state is State.FIRING and each.keep_firing_since is None for each in alerts.values())
        )

    def _store(self, at: int, labels: Sequence[Labels], given: Sequence[float]) -> None:
        assert self.table is not None
        rows = [self.table.row(each) for each in labels]
        values = np.array(given).reshape(-1, 1)
        self.table.put(int(np.searchsorted(self._turns, at)), rows, values, np.ones(values.shape, dtype=np.bool_))

    def outcome(self) -> Outcome:
        """What came of an alerting rule."""
        start, end, _ = self._span
        rule, facts = self._task.state.rule, self._known
        assert facts is not None
        intervals = sorted(self._firing.intervals(start, end), key=lambda each: each.start)
        return Outcome(
            self._task.group.name,
            rule.name,
            rule.expr.strip(),
            rule.labels,
            intervals,
            facts.since,
            facts.unknown,
            self._error,
            self._failed,
        )


class _Firing:
    """When the alerts of a rule were firing."""

    def __init__(self, task: Task) -> None:
        self._alerts = task.state.alerts
        found = threshold(task.state.rule.expr)
        self._floor = found is not None and found.is_floor
        self._open: dict[Fingerprint, tuple[int, Labels, float]] = {}
        self._done: list[Interval] = []

    def worst(self, values: Floats) -> Floats:
        """Of each row the value that is the farthest beyond the threshold."""
        fold = np.fmin if self._floor else np.fmax
        return np.asarray(fold.reduce(values, axis=1))

    def note(self, at: int) -> None:
        """Look at the alerts as they are after a step."""
        firing = {key: each for key, each in self._alerts.alerts.items() if each.state is State.FIRING}
        for key in self._open.keys() - firing.keys():
            begun, labels, peak = self._open.pop(key)
            self._done.append(Interval(begun, at, labels, peak))
        for key, alert in firing.items():
            begun, labels, peak = self._open.get(key, (at, alert.labels, alert.value))
            worst = self.worst(np.array([[peak, alert.value]]))
            self._open[key] = begun, labels, float(worst[0])

    def intervals(self, start: int, end: int) -> Iterator[Interval]:
        """What of it lies within a time."""
        still = [Interval(begun, end, labels, peak, open=True) for begun, labels, peak in self._open.values()]
        for each in [*self._done, *still]:
            if each.end >= start:
                yield Interval(max(each.start, start), each.end, each.labels, each.peak, each.open)
