"""`serve` and `demo`."""

from __future__ import annotations

import click

from app.commands.common import Refused, settings
from app.settings import Settings, SettingsError

_host = click.option("--host", help="Address to serve on (HOST).")
_port = click.option("--port", type=click.IntRange(1, 65535), help="Port of pages and API (PORT).")


@click.command()
@_host
@_port
def serve(host: str | None, port: int | None) -> None:
    """Serve pages, API and metrics on your calls."""
    _serve(settings(host=host, port=port), demo=False)


@click.command()
@_host
@_port
def demo(host: str | None, port: int | None) -> None:
    """Serve on generated calls and a live simulator; your own calls are not touched."""
    chosen = settings(host=host, port=port)
    # A store of its own: demo calls must never be mixed with real ones. Nothing in it is worth a sign-in.
    _serve(chosen.changed("demo", var_dir=chosen.var_dir / "demo", database_url="", auth=False), demo=True)


def _serve(chosen: Settings, *, demo: bool) -> None:
    from app.server import serve as run

    try:
        run(chosen, demo=demo)
    except SettingsError as error:
        raise Refused(str(error)) from None
