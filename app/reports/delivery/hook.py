"""As a call of a webhook, with signed links to the files."""

from __future__ import annotations

import orjson
from pydantic import SecretStr

from alerts.receivers import http
from app.reports.delivery import Parcel
from app.reports.files import MEDIA_TYPES
from app.reports.links import GOOD_SECONDS


def call(parcel: Parcel, url: SecretStr) -> str:
    """POST what was made. Raises SendError."""
    files = [
        {
            "name": name,
            "bytes": len(body),
            "media_type": MEDIA_TYPES[name.rpartition(".")[2]],
            "url": parcel.links[name],
            "valid_seconds": GOOD_SECONDS,
        }
        for name, body in parcel.files.items()
    ]
    told = {
        "event": "report",
        "run": parcel.run_id,
        "schedule": parcel.schedule,
        "period": parcel.period,
        "from": parcel.day.isoformat(),
        "note": parcel.note,
        "files": files,
    }
    http.post(url.get_secret_value(), orjson.dumps(told), None)
    return ""
