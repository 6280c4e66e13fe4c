"""What commands share: their settings, and how they refuse."""

from __future__ import annotations

from typing import Any

import click

from app.settings import Settings, SettingsError, load

BAD_USAGE, SOME_REJECTED = 2, 3


class Refused(click.ClickException):
    """Bad usage or a bad setting: one line, exit code 2."""

    exit_code = BAD_USAGE

    def show(self, file: Any = None) -> None:
        """Say why, without click's own prefix."""
        click.echo(f"voicehive: {self.message}", err=True)


def settings(**overrides: Any) -> Settings:
    """The settings, with what the command line says on top; Refused where one is bad."""
    try:
        return load(overrides)
    except SettingsError as error:
        raise Refused(str(error)) from None
