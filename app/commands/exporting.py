"""`export`: calls into a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.commands.common import Progress, Refused, settings, who_types
from app.commands.filtering import filters, own_copy, parsed

if TYPE_CHECKING:
    import pandas as pd

    from data.export.batches import Batches
    from data.filters import CallFilter

_KINDS = (".csv", ".parquet", ".xlsx")


@click.command("export")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help=".csv, .parquet or .xlsx")
@click.option("--from", "start", help="As 2026-01-31, now-7d or now/d.  [default: all calls]")
@click.option("--to", "end", default="now", show_default=True, help="End (exclusive), written like --from.")
@filters
def export(out: Path, start: str | None, end: str, **conditions: object) -> None:
    """Write the calls of a filter into a file, newest first. It works while the server runs."""
    from data.access.audit import append
    from data.export.batches import batches
    from data.export.xlsx import TooManyRows
    from data.times import BEGINNING

    if out.suffix not in _KINDS:
        raise Refused(f"--out: {out.name!r} must end in {', '.join(_KINDS)}")
    asked = parsed({"from": start or BEGINNING, "to": end, **conditions}, settings().timezone)
    try:
        with own_copy(asked, out) as (record, copy, folder):
            with batches(copy, asked) as found:
                written = _write(found, folder / out.name, asked)
            append(record, who_types(), "calls exported", out.suffix.removeprefix("."), after={"calls": written})
            (folder / out.name).replace(out)
    except TooManyRows as error:
        raise Refused(str(error)) from None
    click.echo(f"{written:,} calls are in {out}")


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
