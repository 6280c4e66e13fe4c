"""`apikey`: what programs show to be let in."""

from __future__ import annotations

import click

from app.commands.common import Refused, opened, who_types
from data.access.roles import Scope


@click.group()
def apikey() -> None:
    """Keys of programs. A change works within five seconds in running servers."""


@apikey.command("create")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([scope.value for scope in Scope]),
    multiple=True,
    required=True,
    help="ingest: send calls; read: figures and exports; operate: read, acknowledge and silence; scrape: metrics; "
    "admin: everything. May be given several times.",
)
def create(name: str, scopes: tuple[str, ...]) -> None:
    """Make a key and print it, once; it is sent as `Authorization: Bearer KEY`."""
    from data.access.audit import append
    from data.access.keys import BadKey, add_key

    with opened() as record:
        try:
            key, secret = add_key(record, name, [Scope(scope) for scope in scopes], who_types())
        except BadKey as error:
            raise Refused(str(error)) from None
        append(record, who_types(), "key created", key.name, after={"scopes": sorted(key.scopes)})
    click.echo(secret)
    click.echo("Keep it: it is not shown again.", err=True)


@apikey.command("list")
def list_all() -> None:
    """Keys with their scopes and last use."""
    from data.access.keys import list_keys
    from data.times import to_iso

    with opened() as record:
        for key in list_keys(record):
            used = f"used {to_iso(key.used_at)}" if key.used_at else "never used"
            state = "revoked" if key.revoked_at else used
            click.echo(f"{key.name}  {key.prefix}…  {','.join(sorted(key.scopes))}  {state}")


@apikey.command("revoke")
@click.argument("name")
def revoke(name: str) -> None:
    """Make a key useless, for good."""
    from data.access.audit import append
    from data.access.keys import revoke_key

    with opened() as record:
        key = revoke_key(record, name)
        if key is None:
            raise Refused(f"there is no key {name} in use")
        append(record, who_types(), "key revoked", key.name, before={"scopes": sorted(key.scopes)})
    click.echo(f"{name} is revoked")
