"""Addresses of pages within the app."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlencode

from data.filters import CallFilter

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_CALLS = "/calls/"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def call_path(source: str, call_id: str) -> str:
    """The page of a call; source and id may hold anything, slashes too."""
    return f"{_CALLS}{quote(source, safe='')}/{quote(call_id, safe='')}"


def as_sent(environ: WSGIEnvironment) -> str:
    """Path and query string of a request as the client wrote them: in WSGI's own path "%2F" is a slash like others."""
    return str(environ["RAW_URI"])


def alert_path(fingerprint: str) -> str:
    """The page of alerts with this one open."""
    return f"/alerts?fingerprint={quote(fingerprint, safe='')}" if fingerprint else "/alerts"


def call_of(path: str) -> tuple[str, str] | None:
    """Source and id of the call whose page has this address; None if it is no such page."""
    if not path.startswith(_CALLS):
        return None
    source, _, call_id = path.removeprefix(_CALLS).partition("/")
    return (unquote(source), unquote(call_id)) if source and call_id else None


def calls_link(chosen: CallFilter, of: str = "", **changes: Any) -> str:
    """The list of exactly the calls of a filter, narrowed to a set (data/callsets.py) and changed in other fields."""
    return f"/calls?{calls_query(chosen, of, **changes)}"


def calls_query(chosen: CallFilter, of: str = "", **changes: Any) -> str:
    """The query string of that list, both ends of the range to the microsecond."""
    values = {name: getattr(chosen, name) for name in CallFilter.__dataclass_fields__} | changes
    values["of"] = tuple(dict.fromkeys((*values["of"], *([of] if of else []))))
    ends = {name: exact(values.pop(end)) for name, end in (("from", "start"), ("to", "end"))}
    ends["at"] = exact(values.pop("at"))
    given = {k: v for k, v in (ends | values).items() if v is not None and v not in ("", ())}
    return urlencode({k: plain(v) if isinstance(v, float) else v for k, v in given.items()}, doseq=True)


def plain(number: float) -> str:
    """A number as it stands in a query string: 30, 4.5."""
    return f"{number:.12g}"


def exact(instant: int | None) -> str | None:
    """An instant in ISO-8601 with all its digits."""
    if instant is None:
        return None
    moment = _EPOCH + timedelta(microseconds=instant)
    return moment.isoformat().replace("+00:00", "Z")
