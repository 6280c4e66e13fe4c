"""What platforms write, read leniently: a value that can't be read is unknown.

Only times are strict: data/sources/cdr.py refuses one that it can't read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase
from typing import Any
from zoneinfo import ZoneInfo

from data.models import EndReasonGroup
from data.times import SECOND

Payload = Mapping[str, Any]
#: Patterns of end reasons (* stands for anything) and their groups; the first that fits decides.
Groups = Sequence[tuple[str, EndReasonGroup]]
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_LONGEST = 200


def part(value: Any, *path: str) -> Any:
    """What lies at this path of nested objects; None where anything on the way is missing."""
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def mapping(value: Any, *path: str) -> Payload:
    """The object at this path; an empty one where there is none."""
    found = part(value, *path)
    return found if isinstance(found, Mapping) else {}


def items(value: Any, *path: str) -> list[Payload]:
    """The objects of the list at this path."""
    found = part(value, *path)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def number(value: Any, times: float = 1.0) -> float | None:
    """A number of at least 0, also out of a text, in another unit."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value) * times
    except (ValueError, OverflowError):
        return None
    # Ten decimals: 12.3 cents are 0.123, not 0.12300000000000001.
    return round(found, 10) if math.isfinite(found) and 0 <= found < 1e12 else None


def money(value: Any, times: float = 1.0) -> float | None:
    """A price, which some platforms write as what it takes from the balance: "-0.0085"."""
    if isinstance(value, str):
        value = value.strip().removeprefix("-")
    return number(abs(value) if isinstance(value, int | float) else value, times)


def whole(value: Any) -> int | None:
    """A whole number of at least 0."""
    found = number(value)
    return int(found) if found is not None and found.is_integer() and found <= 2_000_000_000 else None


def text(value: Any, most: int = _LONGEST) -> str | None:
    """One line of text, cut where it is too long; numbers and truth values as JSON writes them."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        return None
    return _CONTROL.sub(" ", str(value)).strip()[:most].strip() or None


def flag(value: Any) -> bool | None:
    """A truth value."""
    return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value).lower())


def instant(value: Any) -> int | str | None:
    """A time for data/sources/cdr.py: a number of s, ms or us as microseconds (told apart by size; 0 is never), a date
    of RFC 2822 or anything else as text."""
    if value is None or value == "" or isinstance(value, bool):
        return None
    if isinstance(value, str):
        stripped = value.strip()
        if not re.fullmatch(r"\d+(\.\d+)?", stripped):
            return _text_instant(stripped)
        value = float(stripped)
    if not isinstance(value, int | float) or not math.isfinite(value):
        return str(value)
    if value == 0:
        return None
    for limit, factor in ((1e11, SECOND), (1e14, 1_000)):
        if value < limit:
            return round(value * factor)
    return round(value)


def micros(value: Any) -> int | None:
    """Microseconds of a time that is a number; None otherwise."""
    found = instant(value)
    return found if isinstance(found, int) else None


def _text_instant(value: str) -> str:
    if not value[:1].isalpha():
        return value
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return value
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo("UTC"))).isoformat()


def group_of(reason: str | None, groups: Groups) -> EndReasonGroup | None:
    """The group of an end reason; unknown where none of the patterns fits, None without a reason."""
    if reason is None:
        return None
    return next((group for pattern, group in groups if fnmatchcase(reason, pattern)), EndReasonGroup.UNKNOWN)


def turns(messages: Sequence[Payload], *, text_key: str, seconds: str | None = None) -> list[dict[str, Any]] | None:
    """A transcript as a list of turns (role, text and, where `seconds` names it, when in the call), without what is
    no speech."""
    found = []
    for one in messages:
        role, said = one.get("role", one.get("user")), one.get(text_key)
        if isinstance(role, str) and isinstance(said, str) and said.strip() and role not in _NO_SPEECH:
            at = number(one.get(seconds)) if seconds else None
            found.append({"role": role, "text": said} | ({"at": at} if at is not None else {}))
    return found or None


_NO_SPEECH = frozenset({"system", "tool", "tool_calls", "tool_call_result", "agent-action"})
