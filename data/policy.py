"""For how long what is kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Policy:
    """For how many days each kind of data is kept (None: for ever), and where calls are archived before they go.

    documents: transcripts, traces, payloads and spans, which go with their call at the latest. alerts: their history.
    audit: the audit log. sessions: those that are over. quarantine: messages that could not be read.
    """

    calls: int | None = None
    documents: int | None = None
    alerts: int | None = None
    audit: int | None = None
    sessions: int | None = None
    quarantine: int | None = None
    archive: Path | None = None

    def kinds(self) -> dict[str, int]:
        """The kinds that have an end, with their days; calls first, for what is archived has its documents with it."""
        days = {
            "calls": self.calls,
            "documents": self.documents,
            "alerts": self.alerts,
            "audit": self.audit,
            "sessions": self.sessions,
            "quarantine": self.quarantine,
        }
        return {kind: n for kind, n in days.items() if n is not None}
