"""`apikey`: what programs and wall screens show to be let in."""

from __future__ import annotations

import click

from app.commands.common import Refused, opened, settings, who_types
from data.access.roles import Scope


@click.group()
def apikey() -> None:
    """Keys of programs and of wall screens. A change works within five seconds in running servers."""


@apikey.command("create")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([scope.value for scope in Scope]),
    multiple=True,
    required=True,
    help="ingest: send calls; read: figures and exports; operate: read, acknowledge and silence; scrape: metrics; "
    "admin: everything; kiosk: one page on a wall screen. May be given several times.",
)
@click.option("--view", help="With --scope kiosk: the page to show, with its filter, such as '/trends?agent=roxy'.")
def create(name: str, scopes: tuple[str, ...], view: str | None) -> None:
    """Make a key and print it, once; it is sent as `Authorization: Bearer KEY`. Of a wall screen: print its link."""
    from data.access.audit import append
    from data.access.keys import BadKey, add_key

    own = settings()
    with opened() as record:
        try:
            shown = None if view is None else _kiosk_address(view, own.timezone)
            key, secret = add_key(record, name, [Scope(scope) for scope in scopes], who_types(), view=shown)
        except BadKey as error:
            raise Refused(str(error)) from None
        append(record, who_types(), "key created", key.name, after=key.told())
    click.echo(f"{own.address}/kiosk/{secret}" if key.view else secret)
    click.echo("Keep it: it is not shown again.", err=True)


def _kiosk_address(view: str, zone: str) -> str:
    from app.filters import BadFilter
    from app.kiosk import kiosk_address

    try:
        return kiosk_address(view, zone)
    except BadFilter as error:
        raise Refused(str(error)) from None


@apikey.command("list")
def list_all() -> None:
    """Keys with their scopes and last use."""
    from data.access.keys import list_keys
    from data.times import to_iso

    with opened() as record:
        for key in list_keys(record):
            used = f"used {to_iso(key.used_at)}" if key.used_at else "never used"
            state = "revoked" if key.revoked_at else used
            what = " ".join([",".join(sorted(key.scopes)), *([key.view] if key.view else [])])
            click.echo(f"{key.name}  {key.prefix}…  {what}  {state}")


@apikey.command("revoke")
@click.argument("name")
def revoke(name: str) -> None:
    """Make a key useless, for good."""
    from data.access.audit import append
    from data.access.keys import find_key, revoke_key

    with opened() as record:
        key = find_key(record, name)
        if key is None or revoke_key(record, key.id) is None:
            raise Refused(f"there is no key {name} in use")
        append(record, who_types(), "key revoked", key.name, before=key.told())
    click.echo(f"{name} is revoked")
