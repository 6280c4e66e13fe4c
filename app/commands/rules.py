"""`rules check`, `rules test` and `rules backtest`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.commands.common import Refused, settings

if TYPE_CHECKING:
    from alerts.backtest import Backtest, Outcome
    from alerts.rules import RuleFile


@click.group()
def rules() -> None:
    """Check, test and backtest alerting rules."""


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@rules.command("check")
@click.argument("file", required=False, type=_FILE)
def check_rules(file: Path | None) -> None:
    """Check a file of rules (those of the app if none is named). Exit 0: all can be used, 1: each fault is listed."""
    from alerts.config import ConfigError
    from alerts.rules import load_rules
    from alerts.running import RULES_FILE

    try:
        groups = load_rules(file or RULES_FILE).groups
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    listed = [rule for group in groups for rule in group.rules]
    alerting = sum(rule.alert is not None for rule in listed)
    click.echo(f"{file or RULES_FILE.name}: {alerting} alerting and {len(listed) - alerting} recording rules, all fine")


@rules.command("test")
@click.argument("files", nargs=-1, required=True, type=_FILE)
def test_rules(files: tuple[Path, ...]) -> None:
    """Run unit tests of rules, in promtool's format. Exit 0: all hold, 1: what came otherwise is listed."""
    from alerts.annotations import expand
    from alerts.config import ConfigError
    from alerts.testfile import run_tests

    failed = False
    for file in files:
        try:
            failures = run_tests(file, expand)
        except ConfigError as error:
            failures = str(error).splitlines()
        failed |= bool(failures)
        click.echo(f"{file}: {'FAILED' if failures else 'SUCCESS'}")
        for line in failures:
            click.echo(f"  {line}")
    sys.exit(1 if failed else 0)


@rules.command("backtest")
@click.argument("file", required=False, type=_FILE)
@click.option("--days", type=click.FloatRange(0, 366, min_open=True), default=7.0, show_default=True)
@click.option("--rule", "name", help="Only the alert of this name (NAME/2: the second one of it in its group).")
@click.option("--threshold", type=float, help="Beside it, the alert with this number in the place of its own.")
def backtest_rules(file: Path | None, days: float, name: str | None, threshold: float | None) -> None:
    """How often alerts would have fired over the calls and samples that are stored, judged every minute.

    FILE: other rules than those of the app. Works beside a server that runs.
    """
    from alerts.backtest.change import BadChange, alert_names, changed
    from alerts.config import ConfigError
    from alerts.rules import load_rules
    from alerts.running import RULES_FILE

    try:
        versions = [load_rules(file or RULES_FILE)]
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    if threshold is not None and name is None:
        raise Refused("--threshold needs --rule")
    try:
        if name is not None:
            versions.append(changed(versions[0], name, threshold=threshold))
    except LookupError as error:
        raise Refused(f"{error}; there are {', '.join(alert_names(versions[0]))}") from None
    except BadChange as error:
        raise Refused(str(error)) from None
    for line in _told(_backtests(versions if threshold is not None else versions[:1], days, name), threshold):
        click.echo(line)


def _backtests(versions: list[RuleFile], days: float, name: str | None) -> list[Backtest]:
    from app.backtesting import over_days
    from data.queries.history import of_record
    from data.record import Record, RecordUnavailable
    from data.samples.file import BadFile
    from data.samples.store import SampleStore

    chosen = settings()
    record = Record(chosen.record_url)
    file = Path(record.url.database or "")
    if record.is_sqlite and not file.exists():
        raise Refused(f"there is no call record yet: {file} does not exist (VAR_DIR=var/demo names that of the demo)")
    try:
        record.ping()
        kept = SampleStore.saved(chosen.samples_path)
        return over_days(chosen, of_record(record), kept, versions, days, time.time(), names=[name] if name else None)
    except RecordUnavailable as error:
        raise Refused(f"the call record can't be read: {str(error).partition(chr(10))[0]}") from None
    except BadFile as error:
        raise Refused(f"{chosen.samples_path} can't be read: {error}") from None
    finally:
        record.close()


_MOST_SHOWN = 20


def _told(found: list[Backtest], threshold: float | None) -> Iterator[str]:
    today, *others = found
    yield f"From {_moment(today.start)} to {_moment(today.end)}:"
    for index, outcome in enumerate(today.outcomes):
        yield from _shown(outcome, outcome.sentence)
        for other in others:
            yield from _shown(other.outcomes[index], f"with {threshold:g} it {other.outcomes[index].sentence}")


def _shown(outcome: Outcome, sentence: str) -> Iterator[str]:
    from alerts.backtest.outcome import lasting

    own = " ".join(f"{name}={value}" for name, value in outcome.labels.items() if name not in ("severity", "topic"))
    yield f"{outcome.alert}{f' ({own})' if own else ''}: {sentence}"
    for each in outcome.intervals[:_MOST_SHOWN]:
        labels = {k: v for k, v in each.labels.items() if k != "alertname" and outcome.labels.get(k) != v}
        told = " ".join(f"{name}={value}" for name, value in sorted(labels.items()))
        length = lasting((each.end - each.start) / 1000)
        until = ", and still does" if each.open else ""
        yield f"  {_moment(each.start)}  for {length}{until}, peak {each.peak:.4g}  {told}".rstrip()
    if len(outcome.intervals) > _MOST_SHOWN:
        yield f"  and {len(outcome.intervals) - _MOST_SHOWN:,} times more"
    if outcome.since is not None:
        for name, at in outcome.unknown.items():
            yield f"  {name} has {'no history' if at is None else f'a history only since {_moment(at)}'}"
    if outcome.failed:
        yield f"  no answer at {outcome.failed:,} of the steps: {outcome.error}"


def _moment(at: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at / 1000))
