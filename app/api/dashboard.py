"""The live figures of the dashboard."""

from __future__ import annotations

from flask import Blueprint, Response

from app.activity import with_alerts
from app.api.describe import (
    INSTANT,
    INTEGER,
    MAYBE_NUMBER,
    NUMBER,
    TEXT,
    Parameter,
    endpoint,
    json_answer,
    listing,
    obj,
    whole_number,
)
from app.services import services
from data.filters import CallFilter
from data.kpis import KPIS
from data.queries.overview import recent_activity
from data.queries.series import filled, series
from data.times import HOUR, MINUTE, buckets, now_micros, to_datetime, to_iso

blueprint = Blueprint("dashboard", __name__)

_HEALTH = {"type": "string", "enum": ["healthy", "degraded", "critical"]}
#: Steps of the call volume in minutes; the first that gives at most 14 buckets is taken: 2 hours for 24.
_STEPS = (5, 15, 30, 60, 120, 180, 360, 720, 1440, 10080, 43200)
_MOST_STEPS = 14


@endpoint(
    blueprint,
    "GET",
    "/api/dashboard/metrics",
    "Live figures of the last 24 hours",
    answer=obj(
        total_calls=INTEGER,
        active_calls=INTEGER,
        success_rate=MAYBE_NUMBER | {"description": "percent; null without calls"},
        avg_duration=MAYBE_NUMBER | {"description": "minutes"},
        avg_duration_seconds=MAYBE_NUMBER,
        system_health=_HEALTH,
        alerts=INTEGER | {"description": "alerts that fire"},
        last_updated=INSTANT,
    ),
    errors=(503,),
)
def metrics() -> Response:
    return json_answer(services().snapshot())


@endpoint(
    blueprint,
    "GET",
    "/api/dashboard/health",
    "State of the service and its machine",
    answer=obj(
        status=_HEALTH,
        api_response_time=MAYBE_NUMBER | {"description": "median of the last minute, ms; null without requests"},
        memory_usage=NUMBER | {"description": "percent"},
        cpu_usage=NUMBER | {"description": "percent"},
        active_alerts=INTEGER,
        uptime=TEXT | {"description": "such as 5d 12h 30m"},
    ),
)
def health() -> Response:
    parts = services()
    machine, times = parts.system.now(), parts.system.response_times()
    content = {
        "status": parts.health(),
        "api_response_time": times[0] if times else None,
        "memory_usage": machine.memory_percent,
        "cpu_usage": machine.cpu_percent,
        "active_alerts": len(parts.problems()),
        "uptime": _uptime(parts.uptime_seconds),
    }
    return json_answer(content)


def _uptime(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"{minutes // 1440}d {minutes // 60 % 24}h {minutes % 60}m"


@endpoint(
    blueprint,
    "GET",
    "/api/dashboard/call-volume",
    "Calls by time, oldest first; empty buckets are present with 0",
    parameters=[Parameter("hours", "Hours back, 1 to 8760; 24 gives steps of 2 hours.", INTEGER | {"default": 24})],
    answer=listing(
        obj(time=TEXT | {"description": "HH:MM in the server's TIMEZONE"}, calls=INTEGER, bucket_start=INSTANT)
    ),
    errors=(400, 503),
)
def call_volume() -> Response:
    hours = whole_number("hours", 24, 1, 8760)
    parts, now = services(), now_micros()
    zone = parts.settings.timezone
    step = next(s for s in _STEPS if hours * 60 / s <= _MOST_STEPS) * MINUTE
    whole = step * -(-hours * HOUR // step)
    # The last bucket is the running one; so many before it as make up the hours.
    grid = buckets(now - whole + step, now + 1, step, zone)
    figures = {"calls": KPIS["total_calls"].sql}
    chosen = CallFilter(start=grid.starts[0], end=grid.end, zone=zone)
    frame = parts.current(
        ("call-volume", grid),
        lambda: filled(series(parts.copy, chosen, grid, figures, name="call_volume"), grid, ["calls"]),
    )
    rows = zip(frame["bucket_start"].tolist(), frame["calls"].tolist(), strict=True)
    return json_answer(
        [{"time": f"{to_datetime(t, zone):%H:%M}", "calls": calls, "bucket_start": to_iso(t)} for t, calls in rows]
    )


@endpoint(
    blueprint,
    "GET",
    "/api/dashboard/recent-activity",
    "Calls and alert events, newest first",
    parameters=[Parameter("limit", "How many, 1 to 200.", INTEGER | {"default": 20})],
    answer=listing(
        obj(
            id=TEXT,
            type={"type": "string", "enum": ["call_started", "call_ended", "alert"]},
            message=TEXT,
            severity={"type": "string", "enum": ["info", "success", "warning", "error"]},
            timestamp=INSTANT,
        )
    ),
    errors=(400, 503),
)
def activity() -> Response:
    limit = whole_number("limit", 20, 1, 200)
    parts = services()
    calls = parts.current(
        ("activity", limit),
        lambda: recent_activity(parts.copy, CallFilter(), limit=limit, now=now_micros()),
    )
    found = with_alerts(calls, parts.record, 0, now_micros() + 1, limit)
    return json_answer(
        [
            {
                "id": one.id,
                "type": one.type,
                "message": one.message,
                "severity": one.severity,
                "timestamp": to_iso(one.timestamp),
            }
            for one in found
        ]
    )
