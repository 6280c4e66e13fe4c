"""The rules of a file, judged by a thread when their turn comes; their alerts are kept in the record."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from alerts.annotations import Expand
from alerts.config import ConfigError
from alerts.evaluator import Evaluator, RuleState, Store
from alerts.record import AlertRecord, Transition
from alerts.rules import Group, load_rules
from alerts.states import Alert
from data.lease import Lease, LeaseLost
from data.record import Record, RecordFull, RecordUnavailable

log = logging.getLogger(__name__)

_TICK_SECONDS = 1.0
#: By then samples are in that are taken in this process, and those of most other programs.
OFFSET_MS = 1_000
#: The rules that come with the product.
RULES_FILE = Path(__file__).with_name("prometheus-rules.yml")


class Rules:
    """The rules that are in force; raises ConfigError where the first file can't be used.

    lease: an instance that does not hold it records series only, and shows the alerts of the one that does, to go on
    from there when that one dies. judges: without it no instance judges alerts, as a Prometheus does. offset:
    milliseconds from a multiple of an interval to the evaluation: samples are taken at the multiples, and who judges
    before they are in lags by a whole interval.
    """

    def __init__(
        self,
        path: Path,
        store: Store,
        record: Record,
        expand: Expand,
        lease: Lease | None = None,
        *,
        judges: bool = True,
        offset: int = 0,
    ) -> None:
        #: The file that they are read from.
        self.path = path
        self._store, self._expand, self._lease, self._judges = store, expand, lease, judges
        self._led, self._offset = False, offset
        self._record = AlertRecord(record, lease)
        self._evaluator = Evaluator(load_rules(path), store, expand)
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rules", daemon=True)
        #: Why the file was not taken the last time; empty if it was.
        self.file_error = ""
        #: Called after each evaluation of a group: its name, its seconds, how many of its rules failed.
        self.on_evaluated: Callable[[str, float, int], object] = lambda group, seconds, failures: None
        #: Called with what changed, once it is stored.
        self.on_transitions: Callable[[Sequence[Transition]], object] = lambda transitions: None

    @property
    def groups(self) -> list[tuple[Group, list[RuleState]]]:
        """The groups with the state of each rule, in the order of the file."""
        return list(self._evaluator.groups.values())

    def start(self) -> None:
        """Take back the alerts of the last run and begin."""
        self.restore()
        self._evaluator.begin(int(time.time() * 1000), self._offset)
        self._thread.start()

    @property
    def alerts(self) -> list[Alert]:
        """Those that are pending, fire, or are over since a short time."""
        every = [list(state.alerts.alerts.values()) for _, states in self.groups for state in states]
        return [alert for alerts in every for alert in alerts]

    def restore(self) -> None:
        """Take back the alerts as they are stored."""
        stored = self._record.load()
        for group, states in self._evaluator.groups.values():
            for state in states:
                state.alerts.alerts = stored.get((group.name, state.alerts.key), {})
        self._led = self._leads

    @property
    def _leads(self) -> bool:
        return self._judges and (self._lease is None or not self._lease.elsewhere)

    def stop(self) -> None:
        """End the thread; an evaluation that runs is finished first."""
        self._stopping.set()
        self._thread.join(timeout=2)

    def reload(self) -> None:
        """Take the file as it is now; ConfigError, and the old rules stay, if it is bad."""
        try:
            fresh = Evaluator(load_rules(self.path), self._store, self._expand)
        except ConfigError as error:
            self.file_error = str(error)
            log.error("the rules stay as they were: %s", error)
            raise
        with self._lock:
            fresh.take_over(self._evaluator)
            self._evaluator, self.file_error = fresh, ""
        log.info("the rules are those of %s as it is now", self.path)

    def evaluate(self, now: int) -> None:
        """Judge the groups whose turn has come (milliseconds)."""
        with self._lock:
            if (leads := self._leads) and not self._led:
                # Another instance judged until now.
                self.restore()
            judged = False
            for at, group, states, seconds in self._evaluator.evaluate(now, alerts=leads, offset=self._offset):
                judged = True
                self.on_evaluated(group.name, seconds, sum(bool(state.error) for state in states))
                if leads:
                    self._save(at, group.name, states)
            if judged and not leads:
                self.restore()
            elif judged:
                # What a group of an earlier file left behind would fire for ever.
                for gone in self._record.groups - self._evaluator.groups.keys():
                    self._save(now, gone, [])

    def _save(self, at: int, group: str, states: list[RuleState]) -> None:
        try:
            moved = self._record.save(at, group, [state.alerts for state in states])
        except (RecordUnavailable, RecordFull, LeaseLost) as error:
            # Nothing is forgotten: what is not stored yet is stored with the next evaluation.
            log.warning("alert states could not be stored: %s", error)
        else:
            if moved:
                self.on_transitions(moved)

    def _pause(self) -> float:
        """Seconds until the next turn; not long, as the clock may be set meanwhile."""
        return min(self._evaluator.until_next(int(time.time() * 1000), self._offset) / 1000, _TICK_SECONDS)

    def _run(self) -> None:
        while not self._stopping.wait(self._pause()):
            try:
                self.evaluate(int(time.time() * 1000))
            except (RecordUnavailable, RecordFull) as error:
                log.warning("alert states could not be read: %s", error)
            except Exception:  # the watch goes on whatever one round met
                log.exception("a round of rules failed")
