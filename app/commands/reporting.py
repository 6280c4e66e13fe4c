"""`report`: a day, week or month of calls as a file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from app.commands.common import Refused, settings
from app.commands.filtering import filters, own_copy, parsed

_KINDS = ("html", "pdf", "xlsx", "csv")


@click.command("report")
@click.option("--period", required=True, type=click.Choice(["daily", "weekly", "monthly"]))
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="A day of the period.  [default: the last one]")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help=".html, .pdf, .xlsx, .csv")
@filters
def report(period: str, day: datetime | None, out: Path, **conditions: object) -> None:
    """Write the report of a day, of a week from Monday on or of a month. It works while the server runs.

    A PDF needs an installed Chromium; without one the report comes as HTML, and the exit code is 3.
    """
    from app.reports.compose import Asked, NothingYet, compose
    from app.reports.files import Form, made
    from app.reports.periods import Period
    from data.times import now_micros

    ending = out.suffix.removeprefix(".")
    if ending not in _KINDS:
        raise Refused(f"--out: {out.name!r} must end in {', '.join(f'.{kind}' for kind in _KINDS)}")
    now = now_micros()
    asked = Asked(Period(period), parsed(conditions, settings().timezone), day.date() if day else None)
    with own_copy(asked.needed(now), out) as (record, copy, _):
        try:
            files = made(compose(copy, record, asked, now=now), [Form(ending)])
        except NothingYet as error:
            raise Refused(f"--date: {error}") from None
        for name, content in files.files.items():
            path = out.with_suffix(Path(name).suffix)
            path.write_bytes(content)
            click.echo(f"{path}: {len(content) / 1000:,.0f} kB")
    for text in files.missing:
        click.echo(f"voicehive: {text}", err=True)
    if files.missing:
        raise SystemExit(3)
