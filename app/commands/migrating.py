"""`migrate`."""

from __future__ import annotations

import click

from app.commands.common import settings


@click.command()
def migrate() -> None:
    """Bring the database to the newest schema, after a backup into VAR_DIR/backups (serve does it by itself)."""
    from data.backup import BackupFailed
    from data.migrations import SchemaTooNew
    from data.migrations import migrate as run
    from data.record import Record, RecordUnavailable

    chosen = settings()
    try:
        changed = run(Record(chosen.record_url), chosen.backup_dir)
    except (RecordUnavailable, SchemaTooNew, BackupFailed) as error:
        raise click.ClickException(str(error)) from None
    click.echo("migrated" if changed else "already up to date")
