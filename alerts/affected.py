"""From an alert to the calls that it is about."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode

from data.samples.model import Labels

#: The rules look back up to 15 minutes, and some wait before they fire.
_BEFORE_MS = 20 * 60_000
#: Statuses of the calls that an alert with this label `topic` is about; none = all.
_TOPICS: dict[str, tuple[str, ...]] = {"call-outcome": ("error",), "call-duration": (), "call-volume": ()}
_NOT_GOOD = ("error", "abandoned", "missed", "voicemail")
_FILTERS = ("agent", "queue", "source")


def calls_query(labels: Labels, starts_at: int, until: int) -> str:
    """The query string of the calls around an alert from its start (milliseconds); empty if it is about no calls."""
    topic = labels.get("topic", "")
    if topic == "slo" and labels.get("slo", "").startswith("call"):
        statuses: tuple[str, ...] = ("error",)
    elif labels.get("alertname") == "LowSuccessRate":
        statuses = _NOT_GOOD
    elif topic in _TOPICS:
        statuses = _TOPICS[topic]
    else:
        return ""
    chosen = [("from", _iso(starts_at - _BEFORE_MS)), ("to", _iso(max(until, starts_at)))]
    chosen += [("status", status) for status in statuses]
    chosen += [(name, labels[name]) for name in _FILTERS if labels.get(name)]
    return urlencode(chosen)


def _iso(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
