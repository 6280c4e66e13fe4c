"""`migrate`."""

from __future__ import annotations

import click

from app.commands.common import settings


@click.command()
def migrate() -> None:
    """Bring the database to the newest schema (serve does it by itself)."""
    from data.migrations import SchemaTooNew
    from data.migrations import migrate as run
    from data.record import Record, RecordUnavailable

    try:
        changed = run(Record(settings().record_url))
    except (RecordUnavailable, SchemaTooNew) as error:
        raise click.ClickException(str(error)) from None
    click.echo("migrated" if changed else "already up to date")
