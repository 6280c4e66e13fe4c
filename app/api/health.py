"""Is the process alive, is it able to serve."""

from __future__ import annotations

from flask import Blueprint, Response

from app.api.describe import TEXT, endpoint, json_answer, obj
from app.services import services
from data.record import RecordUnavailable

blueprint = Blueprint("health", __name__)


@endpoint(blueprint, "GET", "/healthz", "Alive", answer=obj(status=TEXT))
def healthz() -> Response:
    return json_answer({"status": "ok"})


@endpoint(blueprint, "GET", "/readyz", "Able to serve: the call record answers", answer=obj(status=TEXT), errors=(503,))
def readyz() -> Response:
    record = services().record
    if reason := record.away():
        raise RecordUnavailable(reason)
    record.ping()
    return json_answer({"status": "ready"})
