"""`retention`: what is old enough leaves the record."""

from __future__ import annotations

import click

from app.commands.common import settings, who_types


@click.group()
def retention() -> None:
    """Delete what is older than the settings RETENTION_* say (serve does it by itself once an hour)."""


@retention.command("run")
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, and delete nothing.")
def run_retention(dry_run: bool) -> None:
    """Archive and delete what is due."""
    from data.access.audit import append
    from data.migrations import migrate
    from data.record import Record, RecordFull, RecordUnavailable
    from data.retention import preview, run
    from data.times import SECOND, now_micros, to_iso

    chosen = settings()
    policy = chosen.retention
    record = Record(chosen.record_url)
    try:
        migrate(record, chosen.backup_dir)
        now = now_micros()
        if dry_run:
            for due in preview(record, policy, now):
                before = to_iso(due.before // SECOND * SECOND)
                click.echo(f"{due.kind}: would delete {due.rows:,} rows from before {before}")
        else:
            deleted = run(record, policy, now)
            append(record, who_types(), "retention run", "what is due", after=deleted)
            for kind, rows in deleted.items():
                click.echo(f"{kind}: {rows:,} rows deleted")
        if policy.calls is None:
            click.echo("calls are kept for ever; RETENTION_DAYS sets an end")
    except (RecordUnavailable, RecordFull, OSError) as error:
        raise click.ClickException(str(error)) from None
    finally:
        record.close()
