"""`rules check` and `rules test`."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.group()
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
