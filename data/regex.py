"""Regular expressions as Go has them (RE2): none makes matching slow, whatever is written."""

from __future__ import annotations

from typing import TypeAlias

import re2

#: RE2 would write a bad pattern to stderr besides raising.
_QUIET = re2.Options()
_QUIET.log_errors = False

Regex: TypeAlias = "re2._Regexp[str]"


def compiled(pattern: str, shown: str | None = None) -> Regex:
    """The pattern made ready; ValueError that quotes it, or what is `shown` of it, and says what is wrong."""
    try:
        return re2.compile(pattern, _QUIET)
    except re2.error as error:
        said = error.args[0]
        reason = said.decode(errors="replace") if isinstance(said, bytes) else said
        raise ValueError(f"bad regular expression {(shown or pattern)[:80]!r}: {reason}") from None
