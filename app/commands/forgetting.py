"""`forget`: a person asks to be forgotten."""

from __future__ import annotations

import click

from app.commands.common import opened, settings, who_types


@click.command()
@click.argument("caller")
@click.option("--anonymise", is_flag=True, help="Keep the calls for the figures, without all that tells who it was.")
@click.option("--yes", is_flag=True, help="Do not ask first.")
def forget(caller: str, anonymise: bool, yes: bool) -> None:
    """Delete all calls of CALLER (the number as it was told), in the record, its copies and the archive.

    Backups keep what they hold: delete those that are older than the request in time.
    """
    from data.access.audit import append
    from data.callers import CallerHash
    from data.forgetting import count_of, forget_in_archive
    from data.forgetting import forget as run

    chosen = settings()
    caller_hash, _ = CallerHash(chosen.secret())(caller)
    verb = "anonymise" if anonymise else "delete"
    with opened() as record:
        found = count_of(record, caller_hash)
        if not yes:
            click.confirm(f"{verb.capitalize()} the calls of this caller ({found:,})?", abort=True)
        done = run(record, caller_hash, anonymise=anonymise)
        archived = forget_in_archive(chosen.archive_dir, caller_hash, anonymise=anonymise) if chosen.archive_dir else 0
        after = {"how": verb, "calls": done, "archived": archived}
        append(record, who_types(), "caller forgotten", caller_hash, after=after)
    click.echo(f"calls {verb}d: {done:,}, in the archive: {archived:,}")
