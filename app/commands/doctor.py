"""`doctor`."""

from __future__ import annotations

import sys

import click

from app.commands.common import settings


@click.command()
def doctor() -> None:
    """Look at settings, stores and everything they name. Exit 0: all works, 1: something does not, 2: a bad setting."""
    from app.doctor import State, examine

    failed = False
    for finding in examine(settings()):
        failed |= finding.state is State.FAIL
        remedy = f"; {finding.remedy}" if finding.remedy else ""
        click.echo(f"{finding.state:<4}  {finding.what}: {finding.seen}{remedy}")
    sys.exit(1 if failed else 0)
