"""`backup` and `restore`."""

from __future__ import annotations

from pathlib import Path

import click

from app.commands.common import Refused, settings
from app.settings import SettingsError

_FOLDER = click.Path(file_okay=False, path_type=Path)
_passphrase = click.option(
    "--passphrase-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File that holds the passphrase of the keys; without it you are asked.",
)


@click.command()
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.option("--with-keys", is_flag=True, help="Add the key files of VAR_DIR, encrypted with a passphrase.")
@_passphrase
def backup(folder: Path, with_keys: bool, passphrase_file: Path | None) -> None:
    """Write the call record into DIR, which must be empty or missing; the server may go on running."""
    from data.backup import BackupFailed, FolderTaken
    from data.backup import backup as make
    from data.record import Record, RecordUnavailable

    chosen = settings()
    words = _words(passphrase_file, confirm=True) if with_keys else ""
    record = Record(chosen.record_url)
    try:
        manifest = make(record, folder, keys=chosen.var_dir if with_keys else None, passphrase=words)
    except FolderTaken as error:
        raise Refused(str(error)) from None
    except (BackupFailed, RecordUnavailable) as error:
        raise click.ClickException(str(error)) from None
    finally:
        record.close()
    size = sum(file.bytes for file in manifest.files.values())
    click.echo(f"{folder}: {manifest.rows.get('calls', 0):,} calls, {size / 1e6:,.1f} MB, checked")


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace what is there; a SQLite file is set aside.")
@click.option("--with-keys", is_flag=True, help="Put the key files of the backup into VAR_DIR, too.")
@_passphrase
def restore(folder: Path, force: bool, with_keys: bool, passphrase_file: Path | None) -> None:
    """Make the call record what it was when the backup in DIR was made; stop the server first."""
    from app.server import claim
    from data.backup import BackupFailed, BadBackup
    from data.backup import restore as put_back
    from data.record import Record, RecordUnavailable

    chosen = settings()
    words = _words(passphrase_file, confirm=False) if with_keys else ""
    record = Record(chosen.record_url)
    try:
        with claim(chosen.var_dir):
            manifest = put_back(
                folder, record, force=force, keys=chosen.var_dir if with_keys else None, passphrase=words
            )
    except (BadBackup, SettingsError) as error:
        raise Refused(str(error)) from None
    except (BackupFailed, RecordUnavailable, OSError) as error:
        raise click.ClickException(str(error)) from None
    finally:
        record.close()
    click.echo(f"{manifest.rows.get('calls', 0):,} calls of {manifest.made_at} are back")


def _words(file: Path | None, *, confirm: bool) -> str:
    if file is not None:
        return file.read_text(encoding="utf-8").strip()
    words: str = click.prompt("Passphrase of the keys", hide_input=True, confirmation_prompt=confirm)
    return words
