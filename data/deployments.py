"""Deployments: which version of which service went live when, told by a release pipeline or seen at a start."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from data.models import deployments
from data.record import Record
from data.times import DAY, EARLIEST, from_datetime, now_micros

#: This program itself.
OURSELVES = "voicehive"
_MOST_LISTED = 1_000
_KEY = ("service", "environment", "version", "at")

_Word = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")
]


class BadDeployment(ValueError):
    """What was sent is no deployment; the message names the field."""


class Deployment(BaseModel):
    """A version of a service that went live at `at` (ISO-8601 with offset; the present if it is not given)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: _Word
    service: _Word = "voice-agent"
    environment: _Word = "production"
    at: AwareDatetime | None = None
    note: Annotated[str, Field(max_length=1_000), StringConstraints(pattern=r"^[^\x00]*$")] = ""

    @property
    def instant(self) -> int | None:
        """UTC microseconds."""
        return None if self.at is None else from_datetime(self.at)


def read_deployment(content: Any) -> Deployment:
    """A deployment from JSON; raises BadDeployment."""
    try:
        read = Deployment.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        raise BadDeployment(f"{place}: {first['msg']}") from None
    if read.instant is not None and not EARLIEST <= read.instant <= now_micros() + DAY:
        raise BadDeployment("at: must lie between 1980 and tomorrow")
    return read


def add_deployment(record: Record, deployment: Deployment) -> bool:
    """Store it; False if this version was live in this place at this time already."""
    at = deployment.instant if deployment.instant is not None else now_micros()
    row = deployment.model_dump(include={"service", "environment", "version", "note"}) | {"at": at}
    known = select(deployments.c.id).where(*(deployments.c[k] == row[k] for k in _KEY))
    try:
        with record.write() as connection:
            if connection.execute(known).first() is not None:
                return False
            connection.execute(insert(deployments).values(row))
    except IntegrityError:
        return False  # another request was first
    return True


def note_version(record: Record, version: str, environment: str) -> None:
    """Store a deployment of this program if it runs in another version than last time."""
    with record.write() as connection:
        if _newest_version(connection, environment) != version:
            row = {"service": OURSELVES, "environment": environment, "version": version, "at": now_micros(), "note": ""}
            connection.execute(insert(deployments).values(row))


def list_deployments(
    record: Record, start: int | None, end: int | None, service: str | None = None
) -> list[dict[str, Any]]:
    """The deployments with start <= at < end (UTC microseconds), newest first, at most 1,000."""
    c = deployments.c
    query = select(c.service, c.environment, c.version, c.at, c.note).order_by(c.at.desc(), c.id.desc())
    if start is not None:
        query = query.where(c.at >= start)
    if end is not None:
        query = query.where(c.at < end)
    if service is not None:
        query = query.where(c.service == service)
    with record.read() as connection:
        found = connection.execute(query.limit(_MOST_LISTED)).mappings()
        return [{str(name): value for name, value in row.items()} for row in found]


def _newest_version(connection: Connection, environment: str) -> str | None:
    c = deployments.c
    query = select(c.version).where(c.service == OURSELVES, c.environment == environment)
    return connection.execute(query.order_by(c.at.desc(), c.id.desc()).limit(1)).scalar_one_or_none()
