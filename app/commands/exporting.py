"""`export`: calls into a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.commands.common import Progress, Refused, opened, settings

if TYPE_CHECKING:
    import pandas as pd

    from data.export.batches import Batches
    from data.filters import CallFilter

_KINDS = (".csv", ".parquet", ".xlsx")
_LISTS = (
    "agent", "agent_version", "queue", "status", "direction", "source", "end_reason_group", "end_reason", "language",
    "sentiment", "tags", "weekday", "hour", "csat", "of",
)  # fmt: skip


def _filters(command: Callable[..., None]) -> Callable[..., None]:
    """An option for each condition of the query string."""
    for name in reversed(_LISTS):
        several = f"Only calls with this {name.replace('_', ' ')}; may be given several times."
        text = "Only calls that a figure is computed from, as offered." if name == "of" else several
        command = click.option(f"--{name.replace('_', '-')}", name, multiple=True, help=text)(command)
    for name in ("min_duration", "max_duration"):
        command = click.option(f"--{name.replace('_', '-')}", name, help="In seconds.")(command)
    return command


@click.command("export")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help=".csv, .parquet or .xlsx")
@click.option("--from", "start", default="1980-01-01", help="As 2026-01-31, now-7d or now/d.  [default: all calls]")
@click.option("--to", "end", default="now", show_default=True, help="End (exclusive), written like --from.")
@click.option("--zone", help="Zone of times and days.  [default: TIMEZONE]")
@click.option("--q", help="Only calls in whose id, agent, queue, end reason or last two digits this text occurs.")
@_filters
def export(out: Path, start: str, end: str, zone: str | None, q: str | None, **conditions: object) -> None:
    """Write the calls of a filter into a file, newest first. It works while the server runs."""
    import tempfile

    from data.analytics import AnalyticCopy
    from data.export.batches import batches
    from data.export.xlsx import TooManyRows

    if out.suffix not in _KINDS:
        raise Refused(f"--out: {out.name!r} must end in {', '.join(_KINDS)}")
    asked = _parsed({"from": start, "to": end, "zone": zone, "q": q, **conditions}, settings().timezone)
    try:
        # The server's copy is its own: this one holds the calls of the range, and goes with the command.
        with opened() as record, tempfile.TemporaryDirectory(dir=out.absolute().parent, prefix=".export-") as folder:
            copy = AnalyticCopy(record, Path(folder) / "calls.duckdb", only=asked.times())
            with batches(copy, asked) as found:
                written = _write(found, Path(folder) / out.name, asked)
            copy.close()
            (Path(folder) / out.name).replace(out)
    except TooManyRows as error:
        raise Refused(str(error)) from None
    except OSError as error:
        raise Refused(f"--out: {error.strerror}: {error.filename}") from None
    click.echo(f"{written:,} calls are in {out}")


def _parsed(values: dict[str, object], zone: str) -> CallFilter:
    from werkzeug.datastructures import MultiDict

    from app.filters import BadFilter, parse_query
    from data.times import now_micros

    pairs = [(k, str(v)) for k, value in values.items() for v in (value if isinstance(value, tuple) else (value,))]
    try:
        return parse_query(MultiDict([p for p in pairs if p[1] != "None"]), now_micros(), zone).filter
    except BadFilter as error:
        raise Refused(f"--{error}") from None


def _write(found: Batches, path: Path, chosen: CallFilter) -> int:
    from data.export.batches import Batches
    from data.export.csv import csv
    from data.export.parquet import write_parquet
    from data.export.xlsx import write_xlsx

    with Progress("calls", found.total) as tell:

        def frames() -> Iterator[pd.DataFrame]:
            done = 0
            for frame in found.frames:
                done += len(frame)
                yield frame
                tell(done)

        told = Batches(found.total, frames())
        if path.suffix == ".csv":
            with path.open("wb") as file:
                file.writelines(csv(told))
        elif path.suffix == ".xlsx":
            write_xlsx(told, path, chosen.zone)
        else:
            write_parquet(told, path)
    return found.total
