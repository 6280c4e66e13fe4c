"""`import`: calls from files."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import click

from app.commands.common import SOME_REJECTED, Progress, Refused, settings
from app.settings import Settings


def _zone(context: click.Context, parameter: click.Parameter, value: str) -> str:
    if value not in available_timezones():
        raise click.BadParameter(f"{value!r} is not an IANA time zone such as Europe/Berlin")
    return value


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["auto", "csv", "asterisk", "freeswitch", "connect", "jsonl", "parquet"]),
    default="auto",
    show_default=True,
)
@click.option(
    "--map", "map_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Field map (YAML)."
)
@click.option("--zone", default="UTC", show_default=True, callback=_zone, help="Zone of times without one.")
@click.option("--source", help="Source of rows that name none.  [default: import, or the exchange's name]")
def import_calls(
    files: tuple[Path, ...], file_format: str, map_file: Path | None, zone: str, source: str | None
) -> None:
    """Import call records; running it again adds nothing. Exit 0: all rows are in, 3: some were rejected."""
    from data.archive import BadArchive
    from data.importer import BadFile, Source
    from data.record import RecordFull, RecordUnavailable
    from data.sources.mapping import BadMap, load_map

    chosen = settings()
    try:
        meaning = Source(chosen.secret(), zone, source or "", load_map(map_file) if map_file else None)
        rejected = sum(_import_one(chosen, path, file_format, meaning) for path in files)
    except (BadFile, BadMap, BadArchive) as error:
        raise Refused(str(error)) from None
    except (RecordUnavailable, RecordFull) as error:
        raise click.ClickException(f"the call record can't be written: {error}") from None
    sys.exit(SOME_REJECTED if rejected else 0)


def _import_one(chosen: Settings, path: Path, file_format: str, meaning: Any) -> int:
    from rich.console import Console

    from data.archive import import_archive, is_archive
    from data.files import EXCHANGES
    from data.importer import guess_format, import_file
    from data.migrations import migrate
    from data.record import Record

    rejects = path.with_name(f"{path.name}.rejects.csv")
    record = Record(chosen.record_url)
    try:
        migrate(record, chosen.backup_dir)
        with Progress(path.name, path.stat().st_size) as tell:
            if file_format == "parquet" or (file_format == "auto" and is_archive(path)):
                report = import_archive(record, path, tell)
            else:
                kind = guess_format(path) if file_format == "auto" else file_format
                if meaning.field_map is not None and kind in EXCHANGES:
                    raise Refused(f"{path}: a field map goes with csv and jsonl, not with {kind}")
                named = replace(meaning, source=meaning.source or (kind if kind in EXCHANGES else "import"))
                report = import_file(record, path, named, file_format=kind, rejects=rejects, progress=tell)  # type: ignore[arg-type]
    finally:
        record.close()
    counts = f"{report.accepted:,} new, {report.updated:,} updated, {report.duplicate:,} already there"
    console = Console(highlight=False)
    console.print(f"{path.name}: {report.rows:,} rows: {counts}, {report.rejected:,} rejected", soft_wrap=True)
    if report.rejects_file:
        console.print(f"The rejected rows with their lines and reasons are in {report.rejects_file}", soft_wrap=True)
    return report.rejected
