"""What a wall screen shows: one page with its filter, of those that are figures only."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

from werkzeug.datastructures import MultiDict

from app.auth.permissions import PAGES, Need
from app.filters import BadFilter, parse_query
from data.times import now_micros

_MOST_CHARACTERS = 2_000


def kiosk_address(view: str, zone: str) -> str:
    """The address (path and query) at which a wall screen opens a page of this app; raises BadFilter.

    `zone`: that of a filter that names none.
    """
    if len(view) > _MOST_CHARACTERS:
        raise BadFilter(f"view: has at most {_MOST_CHARACTERS:,} characters")
    try:
        parts = urlsplit(view)
    except ValueError:
        parts = urlsplit("//")
    shown = ["/" if name == "overview" else f"/{name}" for name, need in PAGES.items() if need is Need.LOOK]
    if parts.scheme or parts.netloc or parts.path not in shown:
        raise BadFilter(f"view: must be {', '.join(shown)}, with or without the filter behind it")
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "kiosk"]
    parse_query(MultiDict(query), now_micros(), zone)
    return f"{parts.path}?{urlencode([*query, ('kiosk', '1')])}"
