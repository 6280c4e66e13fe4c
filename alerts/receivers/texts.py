"""The texts of messages: templates of the configuration filled in, and what is sent where one of them fails."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from alerts import templates
from alerts.affected import calls_query
from alerts.config import ConfigError
from alerts.templates import Data, NotificationTemplates, TemplateError

log = logging.getLogger(__name__)

_DEFAULTS = Path(templates.__file__).with_name("default.tmpl")


def load_templates(paths: Sequence[str], zone: str = "UTC") -> NotificationTemplates:
    """Those that come with the product and those of the files that the paths name; raises ConfigError."""
    files = {str(path): _read(path) for path in (_DEFAULTS, *_found(paths))}
    try:
        return NotificationTemplates(
            files, lambda: datetime.now(UTC).astimezone(ZoneInfo(zone)), {"callsURL": _calls_url, "zone": lambda: zone}
        )
    except TemplateError as error:
        raise ConfigError(str(error)) from None


def _found(paths: Sequence[str]) -> list[Path]:
    patterns = [Path(each) for each in paths]
    return [file for each in patterns for file in sorted(each.parent.glob(each.name))]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: can't be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8 text") from None


def _calls_url(alert: templates.Alert, external_url: str) -> str:
    starts_at = int(alert.starts_at.timestamp() * 1000)
    ended = alert.status == "resolved"
    until = int((alert.ends_at if ended else datetime.now(UTC)).timestamp() * 1000)
    query = calls_query(alert.labels, starts_at, until)
    return f"{external_url}/calls?{query}" if query else ""


class Texts:
    """The texts of one message; `failures` tells which templates failed and why."""

    def __init__(self, made: NotificationTemplates, data: Data) -> None:
        self.data = data
        self.failures: list[str] = []
        self._templates = made

    def fill(self, name: str, text: str, fallback: str = "", *, escaped: bool = False) -> str:
        """The text of a field; the fallback (else nothing) where its template fails."""
        expanded = self._templates.expand(text, self.data, fallback, escaped=escaped)
        if not expanded.error:
            return expanded.text
        self.failures.append(f"the template of {name} failed, plain text was sent: {expanded.error}")
        log.warning("the template of %s failed: %s", name, expanded.error)
        return fallback

    @property
    def note(self) -> str:
        """What went wrong with templates; empty if nothing."""
        return "; ".join(self.failures)


def plain_title(data: Data) -> str:
    """What a message is about, made without templates."""
    names = sorted({alert.labels.get("alertname", "") for alert in data.alerts})
    return f"[{data.status.upper()}] {' '.join(names)}".strip()


def plain_text(data: Data) -> str:
    """All that a message says, made without templates."""
    parts = [plain_title(data)]
    for alert in data.alerts:
        labels = ", ".join(f"{name}={text}" for name, text in alert.labels.ordered())
        notes = [f"  {name}: {text}" for name, text in alert.annotations.ordered()]
        link = f"  {data.external_url}/alerts?fingerprint={alert.fingerprint}"
        parts.append("\n".join([f"{alert.status.upper()}: {labels}", *notes, link]))
    return "\n\n".join(parts)
