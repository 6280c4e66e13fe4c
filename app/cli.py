"""The program `voicehive`, also `python -m app`."""

from __future__ import annotations

import os

import click

from app import __version__
from app.commands import COMMANDS


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(version)s")
def main() -> None:
    """VoiceHive: analytics and monitoring for phones that AI voice agents answer."""
    # Databases, copies, backups, exports: what is written here is about callers, and nobody else's on this machine.
    os.umask(0o077)


for command in COMMANDS:
    main.add_command(command)
