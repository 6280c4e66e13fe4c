"""Component ids of the page of administration, and its views."""

from __future__ import annotations

TABS = "ad-tabs"
BODY = "ad-body"

VIEWS = {
    "users": "Users",
    "keys": "API keys",
    "sessions": "Sessions",
    "audit": "Audit log",
    "settings": "Settings",
    "data": "Data",
}
