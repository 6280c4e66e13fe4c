"""The program `voicehive`, also `python -m app`. Each command imports what it needs when it runs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import click

from app import __version__
from app.settings import Settings, SettingsError, load

BAD_USAGE, SOME_REJECTED = 2, 3


def _settings(**overrides: Any) -> Settings:
    try:
        return load(overrides)
    except SettingsError as error:
        raise _Refused(str(error)) from None


class _Refused(click.ClickException):
    exit_code = BAD_USAGE

    def show(self, file: Any = None) -> None:
        click.echo(f"voicehive: {self.message}", err=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(version)s")
def main() -> None:
    """VoiceHive: analytics and monitoring for phones that AI voice agents answer."""


_host = click.option("--host", help="Address to serve on (HOST).")
_port = click.option("--port", type=click.IntRange(1, 65535), help="Port of pages and API (PORT).")


@main.command()
@_host
@_port
def serve(host: str | None, port: int | None) -> None:
    """Serve pages, API and metrics on your calls."""
    _serve(_settings(host=host, port=port), demo=False)


@main.command()
@_host
@_port
def demo(host: str | None, port: int | None) -> None:
    """Serve on generated calls and a live simulator; your own calls are not touched."""
    settings = _settings(host=host, port=port)
    # A store of its own: demo calls must never be mixed with real ones.
    _serve(settings.model_copy(update={"var_dir": settings.var_dir / "demo", "database_url": ""}), demo=True)


def _serve(settings: Settings, *, demo: bool) -> None:
    from app.server import serve as run

    try:
        run(settings, demo=demo)
    except SettingsError as error:
        raise _Refused(str(error)) from None


def _zone(context: click.Context, parameter: click.Parameter, value: str) -> str:
    if value not in available_timezones():
        raise click.BadParameter(f"{value!r} is not an IANA time zone such as Europe/Berlin")
    return value


@main.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--format", "file_format", type=click.Choice(["auto", "csv", "jsonl"]), default="auto", show_default=True)
@click.option(
    "--map", "map_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Field map (YAML)."
)
@click.option("--zone", default="UTC", show_default=True, callback=_zone, help="Zone of times without one.")
@click.option("--source", default="import", show_default=True, help="Source of rows that name none.")
def import_calls(files: tuple[Path, ...], file_format: str, map_file: Path | None, zone: str, source: str) -> None:
    """Import call records; running it again adds nothing. Exit 0: all rows are in, 3: some were rejected."""
    from data.importer import BadFile, Source
    from data.record import RecordFull, RecordUnavailable
    from data.sources.mapping import BadMap, load_map

    settings = _settings()
    try:
        meaning = Source(settings.secret(), zone, source, load_map(map_file) if map_file else None)
        rejected = sum(_import_one(settings, path, file_format, meaning) for path in files)
    except (BadFile, BadMap) as error:
        raise _Refused(str(error)) from None
    except (RecordUnavailable, RecordFull) as error:
        raise click.ClickException(f"the call record can't be written: {error}") from None
    sys.exit(SOME_REJECTED if rejected else 0)


def _import_one(settings: Settings, path: Path, file_format: str, meaning: Any) -> int:
    from rich.console import Console

    from data.importer import guess_format, import_file
    from data.migrations import migrate
    from data.record import Record

    rejects = path.with_name(f"{path.name}.rejects.csv")
    record = Record(settings.record_url)
    try:
        migrate(record)
        with _progress(path) as tell:
            kind = guess_format(path) if file_format == "auto" else file_format
            report = import_file(record, path, meaning, file_format=kind, rejects=rejects, progress=tell)  # type: ignore[arg-type]
    finally:
        record.close()
    counts = f"{report.accepted:,} new, {report.updated:,} updated, {report.duplicate:,} already there"
    console = Console(highlight=False)
    console.print(f"{path.name}: {report.rows:,} rows: {counts}, {report.rejected:,} rejected", soft_wrap=True)
    if report.rejects_file:
        console.print(f"The rejected rows with their lines and reasons are in {report.rejects_file}", soft_wrap=True)
    return report.rejected


class _progress:
    """A progress bar over the bytes of a file; gives the function that moves it."""

    def __init__(self, path: Path) -> None:
        from rich.console import Console
        from rich.progress import Progress

        self._progress = Progress(console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task(path.name, total=path.stat().st_size)

    def __enter__(self) -> Callable[[int], None]:
        self._progress.start()
        return lambda done: self._progress.update(self._task, completed=done)

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


@main.command()
def migrate() -> None:
    """Bring the database to the newest schema (serve does it by itself)."""
    from data.migrations import SchemaTooNew
    from data.migrations import migrate as run
    from data.record import Record, RecordUnavailable

    try:
        changed = run(Record(_settings().record_url))
    except (RecordUnavailable, SchemaTooNew) as error:
        raise click.ClickException(str(error)) from None
    click.echo("migrated" if changed else "already up to date")


@main.group()
def rules() -> None:
    """Check and test alerting rules."""


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
