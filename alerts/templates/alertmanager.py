"""The templates of notifications, with the functions that Alertmanager gives them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus
from zoneinfo import ZoneInfo

from alerts.templates.calling import Callee, callees
from alerts.templates.execution import Expanded, Functions, expanded_text, parsed
from alerts.templates.humanize import humanize_duration
from alerts.templates.nodes import Definition
from alerts.templates.notification import Data
from alerts.templates.texts import SHARED, safe, title
from alerts.templates.times import format_time, span
from alerts.templates.values import Duration

Clock = Callable[[], datetime]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class NotificationTemplates:
    """Expands the texts of receivers, which may use what the template files define.

    files: their texts by name, of which a later one may define anew what an earlier one did; raises TemplateError for
    a bad one. clock: the present with its zone. more: functions that Alertmanager does not have.
    """

    def __init__(
        self,
        files: Mapping[str, str] | None = None,
        clock: Clock = _utc_now,
        more: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        self._functions = Functions(_functions(clock) | callees(more or {}))
        self._defined: dict[str, Definition] = {}
        for name, text in (files or {}).items():
            for defined, body in parsed(text, self._functions, name).defined.items():
                if not body.empty or defined not in self._defined:
                    self._defined[defined] = body

    def expand(self, text: str, data: Data, fallback: str = "", *, escaped: bool = False) -> Expanded:
        """A text filled in; where that fails the fallback (else the text as it is) and the error.

        escaped: it is HTML, of which what is filled in becomes plain text.
        """
        return expanded_text(text, data, self._functions, self._defined, fallback=fallback, escaped=escaped)


def _functions(clock: Clock) -> dict[str, Callee]:
    def since(instant: datetime) -> Duration:
        return span(clock(), instant)

    return callees(
        SHARED
        | {
            "date": format_time,
            "humanizeDuration": humanize_duration,
            "join": _join,
            "safeUrl": safe,
            "since": since,
            "stringSlice": _string_slice,
            "title": title,
            "trimSpace": _trim_space,
            "tz": _tz,
            "urlUnescape": _url_unescape,
        }
    )


def _join(separator: str, texts: list[str]) -> str:
    return separator.join(texts)


def _string_slice(*texts: str) -> list[str]:
    return list(texts)


def _trim_space(text: str) -> str:
    return text.strip()


def _tz(name: str, instant: datetime) -> datetime:
    try:
        return instant.astimezone(ZoneInfo(name or "UTC"))
    except (LookupError, OSError, ValueError):
        raise ValueError(f"the time zone {name[:40]!r} is not known") from None


def _url_unescape(text: str) -> str:
    if bad := re.search(r"%(?![\da-fA-F]{2}).{0,2}", text, re.DOTALL):
        raise ValueError(f"bad escape {bad.group()!r} in an address")
    return unquote_plus(text)
