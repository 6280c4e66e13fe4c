"""How the service itself has been: machine, response times, errors, uptime; answered from the stored samples."""

from __future__ import annotations

from flask import Blueprint, Response, request

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
)
from app.api.errors import ApiError
from app.measured import SERIES, Steps, availability, course
from app.services import services
from data.times import now_micros, to_iso

blueprint = Blueprint("system", __name__)

_POINTS = obj(labels={"type": "object", "additionalProperties": TEXT}, values=listing(MAYBE_NUMBER))


@endpoint(
    blueprint,
    "GET",
    "/api/system",
    "History of the machine, of response times by endpoint, of errors by code, and uptime",
    parameters=[
        Parameter("from", "Start, as for /api/calls. Samples of the last 24 hours are kept."),
        Parameter("to", "End."),
    ],
    answer=obj(
        times=listing(INSTANT),
        step_seconds=NUMBER,
        series={
            "type": "object",
            "additionalProperties": listing(_POINTS),
            "description": f"By name: {', '.join(SERIES)}.",
        },
        uptime_seconds=INTEGER,
        availability_percent=MAYBE_NUMBER,
    ),
    errors=(400,),
)
def get_system() -> Response:
    parts = services()
    chosen = parts.parse(request.args).filter
    now = now_micros()
    end = min(chosen.end if chosen.end is not None else now, now) // 1000
    start = (chosen.start if chosen.start is not None else now) // 1000
    if start >= end:
        raise ApiError(400, "bad_parameter", "from: must lie before `to` and the present")
    steps = Steps.of(start, end)
    series = {
        name: [{"labels": labels, "values": values} for labels, values in course(parts.samples, query, steps)]
        for name, query in SERIES.items()
    }
    return json_answer(
        {
            "times": [to_iso(at * 1000) for at in steps.times],
            "step_seconds": steps.step / 1000,
            "series": series,
            "uptime_seconds": int(parts.uptime_seconds),
            "availability_percent": availability(parts.samples, steps),
        }
    )
