"""How a report leaves: by mail, into a folder or a bucket, or as a call of a webhook; one way a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import SecretStr

#: Beside mail: what a schedule may name, and the setting that it needs.
CHANNELS: Mapping[str, str] = {
    "folder": "REPORT_DIR",
    "bucket": "REPORT_BUCKET_URL",
    "webhook": "REPORT_WEBHOOK_URL",
}


@dataclass(frozen=True, slots=True)
class Ways:
    """What the settings say of them; None: not set."""

    smtp_url: SecretStr | None = None
    folder: Path | None = None
    bucket_url: SecretStr | None = None
    webhook_url: SecretStr | None = None

    def missing(self, channel: str) -> str:
        """The setting that a channel lacks; empty if it is there."""
        given = {
            "mail": self.smtp_url,
            "folder": self.folder,
            "bucket": self.bucket_url,
            "webhook": self.webhook_url,
        }
        return "" if given[channel] is not None else {"mail": "SMTP_URL", **CHANNELS}[channel]


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is delivered of a run: its files by name, links to them, the message for mail, and who gets it.

    only: those recipients who have still to get it; empty for all.
    """

    run_id: int
    schedule: str
    period: str
    day: date
    files: Mapping[str, bytes]
    links: Mapping[str, str]
    message: bytes = b""
    recipients: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    note: str = ""
