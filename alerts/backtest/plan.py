"""Which rules have to be judged, from when on, and whether many steps can be judged at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from alerts.backtest.past import Past
from alerts.evaluator import RuleState, states_of
from alerts.promql.survey import Look, looks
from alerts.rules import Group, Rule, RuleFile


@dataclass(slots=True)
class Task:
    """A rule to judge from `begin` on, every `period` (milliseconds)."""

    group: Group
    state: RuleState
    looks: tuple[Look, ...]
    period: int
    begin: int = 0

    def feeds(self, other: Task) -> bool:
        """Whether the other rule may look at what this one records."""
        return any(look.may_find(name) for look in other.looks for name in self.state.names)


@dataclass(frozen=True, slots=True)
class Plan:
    """The rules in the order in which they are judged.

    stepwise: a rule looks at what is recorded after it in the same step, so that the step before has to be done.
    """

    tasks: Sequence[Task]
    stepwise: bool


def plan(rules: RuleFile, start: int, step: int, names: Collection[str] | None) -> Plan:
    """The alerts of these names (None: all) and the rules that they depend on, early enough for their windows."""
    every = [_task(group, state, step) for group in rules.groups for state in states_of(_bare(group))]
    wanted = {id(task) for task in every if _is_wanted(task, names)}
    growing = True
    while growing:
        more = {id(task) for task in every if any(task.feeds(other) for other in every if id(other) in wanted)}
        growing = not more <= wanted
        wanted |= more
    tasks = [task for task in every if id(task) in wanted]
    # Backwards: who looks at a rule's series mostly comes after it.
    for task in reversed(tasks):
        users = [(each, look) for each in tasks for look in each.looks if any(map(look.may_find, task.state.names))]
        begins = [each.begin - look.reach for each, look in users if each is not task and each.begin]
        task.begin = min([start - task.state.rule.hold, *begins])
    later = any(task.feeds(other) for place, task in enumerate(tasks) for other in tasks[: place + 1])
    return Plan(tasks, later or any(look.fixed for task in tasks for look in task.looks))


def _is_wanted(task: Task, names: Collection[str] | None) -> bool:
    """The second alert of a name is also called name/2."""
    rule = task.state.rule
    return rule.alert is not None and (names is None or rule.alert in names or task.state.alerts.key in names)


def earliest(rules: RuleFile, start: int, step: int, names: Collection[str] | None) -> int:
    """The first instant whose samples matter to a backtest that begins at `start` (milliseconds)."""
    tasks = plan(rules, start, step, names).tasks
    return min([start, *(task.begin - look.reach for task in tasks for look in task.looks)])


def _bare(group: Group) -> Group:
    """Without the texts that nobody reads here."""
    return group.model_copy(update={"rules": [r.model_copy(update={"annotations": {}}) for r in group.rules]})


def _task(group: Group, state: RuleState, step: int) -> Task:
    return Task(group, state, tuple(looks(state.rule.query.root)), max(step, group.interval))


def _sources(rule: Rule, tasks: Sequence[Task]) -> Iterator[tuple[Look, bool]]:
    """What a rule looks at, also through the rules that record for it; True for what none of them records."""
    waiting, seen = list(looks(rule.query.root)), set[Look]()
    while waiting:
        look = waiting.pop()
        if look in seen:
            continue
        seen.add(look)
        recorders = [task for task in tasks if any(map(look.may_find, task.state.names))]
        waiting += [further for task in recorders for further in task.looks]
        if look.name:
            yield look, not recorders


@dataclass(frozen=True, slots=True)
class Known:
    """From when on an alert can be judged (None: not at all), and its metrics without a history from the start on."""

    since: int | None
    unknown: dict[str, int | None]


def known(task: Task, tasks: Sequence[Task], past: Past, start: int, end: int, step: int) -> Known:
    """What there is to judge an alert by from `start` to `end`."""
    found = list(_sources(task.state.rule, tasks))
    sampled = [(look.name, is_source, past.first(look.name, start, end)) for look, is_source in found]
    # What is recorded need not have been kept.
    firsts = {name: at for name, is_source, at in sampled if is_source or at is not None}
    # A sample is taken now and then: one soon after the start means that there were some before.
    firsts = {name: start if at is not None and at <= start + 2 * step else at for name, at in firsts.items()}
    unknown = {look.name: firsts[look.name] for look, is_source in found if is_source and firsts[look.name] != start}
    told = [at for at in firsts.values() if at is not None]
    # Before a metric was ever sampled its absence says nothing.
    absent = [firsts[look.name] for look, is_source in found if is_source and look.for_absence]
    if (firsts and not told) or None in absent:
        return Known(None, dict(sorted(unknown.items())))
    since = max([min(told, default=start), *(at for at in absent if at is not None)])
    return Known(since, dict(sorted(unknown.items())))
