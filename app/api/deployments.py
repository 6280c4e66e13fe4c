"""Deployments in and out: what changed when, to hold beside what the figures did then."""

from __future__ import annotations

import orjson
from flask import Blueprint, Response, request

from app.api.describe import INSTANT, MAYBE_NUMBER, TEXT, Parameter, endpoint, json_answer, listing, obj
from app.api.errors import ApiError
from app.services import services
from data.deployments import BadDeployment, Deployment, add_deployment, list_deployments, read_deployment
from data.times import DAY, to_iso

blueprint = Blueprint("deployments", __name__)

_DEPLOYMENT = obj(service=TEXT, environment=TEXT, version=TEXT, at=INSTANT, note=TEXT)


@endpoint(
    blueprint,
    "POST",
    "/api/deployments",
    "Tell that a version went live",
    body=Deployment.model_json_schema(),
    answer=obj(created={"type": "boolean"}),
    status=201,
    errors=(400, 413, 503, 507),
)
def post_deployment() -> Response:
    try:
        deployment = read_deployment(orjson.loads(request.get_data(cache=False)))
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "invalid_json", f"The body is not JSON: {error}") from None
    except BadDeployment as error:
        raise ApiError(400, "invalid_deployment", str(error)) from None
    return json_answer({"created": add_deployment(services().record, deployment)}, 201)


@endpoint(
    blueprint,
    "GET",
    "/api/deployments",
    "Deployments of a time range, newest first, and how many a day there were",
    parameters=[
        Parameter("from", "Start, as for /api/calls."),
        Parameter("to", "End (exclusive)."),
        Parameter("service", "Only this service."),
    ],
    answer=obj(deployments=listing(_DEPLOYMENT), per_day=MAYBE_NUMBER),
    errors=(400, 503),
)
def get_deployments() -> Response:
    parts = services()
    chosen = parts.parse(request.args).filter
    found = list_deployments(parts.record, chosen.start, chosen.end, request.args.get("service"))
    days = (chosen.end - chosen.start) / DAY if chosen.start is not None and chosen.end is not None else 0
    shown = [row | {"at": to_iso(row["at"])} for row in found]
    return json_answer({"deployments": shown, "per_day": round(len(found) / days, 4) if days > 0 else None})
