"""`user`: who may sign in."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from app.commands.common import Refused, opened, who_types
from data.access.roles import Role


@click.group()
def user() -> None:
    """Who may sign in. A change works within five seconds in running servers."""


def _password(prompt: str) -> str:
    """From a pipe, or typed twice; never from the command line, where others see it."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    return str(click.prompt(prompt, hide_input=True, confirmation_prompt=True))


def _hashed(password: str) -> str:
    from app.auth.passwords import BadPassword, hash_password

    try:
        return hash_password(password)
    except BadPassword as error:
        raise Refused(str(error)) from None


@user.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), default="viewer", show_default=True)
def add(name: str, role: str) -> None:
    """Add a user; the password is asked for, or read from standard input."""
    from data.access.audit import append
    from data.access.users import BadUser, add_user

    with opened() as record:
        try:
            made = add_user(record, name, Role(role), _hashed(_password(f"Password for {name}")))
        except BadUser as error:
            raise Refused(str(error)) from None
        append(record, who_types(), "user added", made.name, after={"role": made.role})
    click.echo(f"{made.name} may sign in as {made.role}")


@user.command("list")
def list_all() -> None:
    """Users with their roles."""
    from data.access.users import list_users

    with opened() as record:
        for one in list_users(record):
            click.echo(f"{one.name}  {one.role}{'  disabled' if one.disabled else ''}")


@user.command("disable")
@click.argument("name")
def disable(name: str) -> None:
    """Sign a user out everywhere, for good."""
    _change(name, "user disabled", lambda: {"disabled": True})
    click.echo(f"{name} may not sign in any more")


@user.command("enable")
@click.argument("name")
def enable(name: str) -> None:
    """Let a disabled user sign in again."""
    _change(name, "user enabled", lambda: {"disabled": False})
    click.echo(f"{name} may sign in again")


@user.command("role")
@click.argument("name")
@click.argument("role", type=click.Choice([role.value for role in Role]))
def change_role(name: str, role: str) -> None:
    """Give a user another role."""
    _change(name, "role changed", lambda: {"role": Role(role)})
    click.echo(f"{name} is {role} now")


@user.command("password")
@click.argument("name")
def password(name: str) -> None:
    """Give a user a new password; signs the user out everywhere."""
    _change(name, "password changed", lambda: {"password_hash": _hashed(_password(f"New password for {name}"))})
    click.echo(f"{name} has a new password")


def _change(name: str, action: str, changes: Callable[[], dict[str, Any]]) -> None:
    from data.access.audit import append
    from data.access.users import BadUser, change_user, find_user

    with opened() as record:
        found = find_user(record, name)
        if found is None:
            raise Refused(f"there is no user {name}")
        try:
            after = change_user(record, found[0], **changes())
        except BadUser as error:
            raise Refused(str(error)) from None
        states = [{"role": one.role, "disabled": one.disabled} for one in (found[0], after)]
        append(record, who_types(), action, after.name, before=states[0], after=states[1])
