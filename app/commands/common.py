"""What commands share: their settings, and how they refuse."""

from __future__ import annotations

import contextlib
import getpass
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

from app.settings import Settings, SettingsError, load

if TYPE_CHECKING:
    from data.record import Record

BAD_USAGE, SOME_REJECTED = 2, 3


class Refused(click.ClickException):
    """Bad usage or a bad setting: one line, exit code 2."""

    exit_code = BAD_USAGE

    def show(self, file: Any = None) -> None:
        """Say why, without click's own prefix."""
        click.echo(f"voicehive: {self.message}", err=True)


def settings(**overrides: Any) -> Settings:
    """The settings, with what the command line says on top; Refused where one is bad."""
    try:
        return load(overrides)
    except SettingsError as error:
        raise Refused(str(error)) from None


@contextlib.contextmanager
def opened() -> Iterator[Record]:
    """The record of the settings, brought to the newest schema; one line where it can't be used."""
    from data.migrations import SchemaTooNew, migrate
    from data.record import Record, RecordFull, RecordUnavailable

    record = Record(settings().record_url)
    try:
        migrate(record)
        yield record
    except (RecordUnavailable, RecordFull, SchemaTooNew) as error:
        raise click.ClickException(str(error)) from None
    finally:
        record.close()


def who_types() -> str:
    """Who types the command, for the audit log."""
    try:
        return f"cli {getpass.getuser()}"
    except (KeyError, OSError):
        return "cli"


class Progress:
    """A progress bar on standard error; gives the function that moves it."""

    def __init__(self, label: str, total: int) -> None:
        from rich.console import Console
        from rich.progress import Progress

        self._progress = Progress(console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task(label, total=total)

    def __enter__(self) -> Callable[[int], None]:
        self._progress.start()
        return lambda done: self._progress.update(self._task, completed=done)

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
