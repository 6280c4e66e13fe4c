"""Saved views: pages with their filters, under names. Those without an owner are everybody's."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from sqlalchemy import ColumnElement, Connection, delete, insert, or_, select, update

from data.models import saved_views
from data.record import Record
from data.times import now_micros

_MOST = 200

v = saved_views.c


class BadView(ValueError):
    """What was sent is no view; the message names the field."""


class View(BaseModel):
    """A page of this app and its query string; `shared`: for everybody."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")
    ]
    # One slash: two would lead to another site.
    path: Annotated[str, StringConstraints(max_length=200, pattern=r"^/([\w-][\w/-]*)?$")]
    query: Annotated[str, Field(max_length=4_000), StringConstraints(pattern=r"^[^\x00-\x1f#]*$")] = ""
    shared: bool = False


def read_view(content: Any) -> View:
    """A view from JSON; raises BadView."""
    try:
        return View.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        raise BadView(f"{place}: {first['msg']}") from None


def save_view(record: Record, view: View, owner: str | None) -> None:
    """Keep a view, in the place of the owner's view of this name if there is one; raises BadView where too many are."""
    values = view.model_dump(include={"path", "query"})
    with record.write() as connection:
        own = (_of(owner), v.name == view.name)
        if connection.execute(update(saved_views).where(*own).values(**values)).rowcount:
            return
        if len(connection.execute(select(v.id).where(_of(owner))).all()) >= _MOST:
            raise BadView(f"name: there are {_MOST} views already; delete one")
        row = values | {"name": view.name, "owner": owner, "home": False, "created_at": now_micros()}
        connection.execute(insert(saved_views).values(**row))


def views_of(record: Record, owner: str | None) -> list[dict[str, Any]]:
    """The views that somebody sees, by name: id, name, path, query, shared, home."""
    query = select(v.id, v.name, v.path, v.query, v.owner, v.home).where(_seen_by(owner)).order_by(v.name, v.id)
    with record.read() as connection:
        rows = [{str(name): value for name, value in row.items()} for row in connection.execute(query).mappings()]
    return [{k: value for k, value in row.items() if k != "owner"} | {"shared": row["owner"] is None} for row in rows]


def owner_of(record: Record, view: int, owner: str | None) -> tuple[str | None] | None:
    """The owner of a view that somebody sees, in a tuple; None if there is no such view."""
    with record.read() as connection:
        found = connection.execute(select(v.owner).where(v.id == view, _seen_by(owner))).one_or_none()
    return None if found is None else (found[0],)


def delete_view(record: Record, view: int) -> None:
    """Forget a view."""
    with record.write() as connection:
        connection.execute(delete(saved_views).where(v.id == view))


def set_home(record: Record, view: int, owner: str | None, *, home: bool) -> None:
    """Make a view the one that `/` leads its owner (or everybody) to, or none of theirs."""
    with record.write() as connection:
        _clear_home(connection, owner)
        if home:
            connection.execute(update(saved_views).where(v.id == view).values(home=True))


def home_of(record: Record, owner: str | None) -> str | None:
    """Where `/` leads somebody: to their own home, else to everybody's; None: it stays."""
    query = select(v.path, v.query).where(_seen_by(owner), v.home).order_by(v.owner.is_(None))
    with record.read() as connection:
        found = connection.execute(query).first()
    return None if found is None else f"{found.path}?{found.query}" if found.query else str(found.path)


def _clear_home(connection: Connection, owner: str | None) -> None:
    connection.execute(update(saved_views).where(_of(owner), v.home).values(home=False))


def _of(owner: str | None) -> ColumnElement[bool]:
    return v.owner.is_(None) if owner is None else v.owner == owner


def _seen_by(owner: str | None) -> ColumnElement[bool]:
    return v.owner.is_(None) if owner is None else or_(v.owner.is_(None), v.owner == owner)
