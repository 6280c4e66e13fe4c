"""Settings as people see them: each with its source, secrets as dots; and what changed since the last start."""

from __future__ import annotations

import hmac
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from pydantic import SecretStr

from app.settings import Settings
from data.samples.targets import Target

DOTS = "••••••••"
_FILE = "settings.json"
_PASSWORD, _QUERY = re.compile(r"(://[^/@:\s]*):[^/\s]*@"), re.compile(r"(://[^?\s]*)\?\S*")


@dataclass(frozen=True, slots=True)
class Shown:
    """A setting; `value` is None where none is set."""

    key: str
    value: str | None
    source: str
    description: str


def shown_settings(settings: Settings) -> list[Shown]:
    """All settings, in the order in which they are documented."""
    return [
        Shown(name.upper(), _text(getattr(settings, name)), settings.source(name), field.description or "")
        for name, field in Settings.model_fields.items()
    ]


def changes_since_last_start(settings: Settings) -> tuple[dict[str, Any], dict[str, Any]]:
    """What of the settings is not as at the last start with this VAR_DIR: before and after, by key; secrets as dots.

    At the first start nothing has changed.
    """
    path = settings.var_dir / _FILE
    now = {name.upper(): _mark(settings, getattr(settings, name)) for name in Settings.model_fields}
    before = _read(path)
    drawn = path.with_name(f"{_FILE}.{os.getpid()}")
    drawn.touch(mode=0o600)
    drawn.write_bytes(orjson.dumps(now))
    drawn.replace(path)
    different = [key for key in now if before is not None and key in before and before[key] != now[key]]
    return ({key: _unmarked((before or {})[key]) for key in different}, {key: _unmarked(now[key]) for key in different})


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    return found if isinstance(found, dict) else None


def _mark(settings: Settings, value: Any) -> str | None:
    """The text of a value; where it hides something, with a mark by which another value is told from it."""
    text = _text(value)
    if text is None or DOTS not in text:
        return text
    plain = value.get_secret_value() if isinstance(value, SecretStr) else _plain(value)
    return f"{text}\n{hmac.digest(settings.secret(), plain.encode(), 'sha256').hex()[:16]}"


def _unmarked(text: str | None) -> str | None:
    return None if text is None else text.partition("\n")[0]


def _text(value: Any) -> str | None:
    if value is None or value in ("", ()):
        return None
    if isinstance(value, SecretStr):
        return DOTS
    if isinstance(value, tuple):
        return ", ".join(_without_password(_plain(each)) for each in value)
    return _without_password(_plain(value))


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, Target):
        return f"{value.job}={value.url}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _without_password(text: str) -> str:
    """With dots in the place of the password in an address, and of what stands after "?"."""
    return _QUERY.sub(rf"\1?{DOTS}", _PASSWORD.sub(rf"\1:{DOTS}@", text))
