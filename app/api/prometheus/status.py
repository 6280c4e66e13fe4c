"""What the metrics mean, and what answers here: /api/v1/metadata and /api/v1/status/buildinfo."""

from __future__ import annotations

from typing import Any

from flask import request

from app import __version__
from app.api.describe import TEXT, Parameter, listing, obj
from app.api.prometheus import parameters
from app.api.prometheus.envelope import route
from app.services import services

#: Clients choose by it what they may ask for.
_SPOKEN = "3.0.0"
#: What the names of series have that the name of their family has not.
_SUFFIX = {"counter": "_total", "info": "_info"}
_KEPT_SECONDS = 60.0


@route(
    "/api/v1/metadata",
    "Type and help text of the app's own metrics",
    parameters=[
        Parameter("metric", "Only this metric."),
        parameters.LIMIT,
        Parameter("limit_per_metric", "The most entries of a metric; 0: all."),
    ],
    data={"type": "object", "additionalProperties": listing(obj(type=TEXT, help=TEXT, unit=TEXT))},
)
def metadata() -> Any:
    limit, wanted = parameters.limit(), request.values.get("metric", "")
    parameters.limit("limit_per_metric")
    found: dict[str, list[dict[str, str]]] = services().answers.get("metadata", _metadata, fresh=_KEPT_SECONDS)
    if wanted:
        return {name: entries for name, entries in found.items() if name == wanted}
    return dict(list(found.items())[: limit or None])


def _metadata() -> dict[str, list[dict[str, str]]]:
    families = services().metrics.registry.collect()
    return {
        family.name + _SUFFIX.get(family.type, ""): [
            {"type": family.type, "help": family.documentation, "unit": family.unit}
        ]
        for family in families
    }


@route(
    "/api/v1/status/buildinfo",
    "The version of Prometheus whose API this is; the revision is the app's own",
    data=obj(version=TEXT, revision=TEXT, branch=TEXT, buildUser=TEXT, buildDate=TEXT, goVersion=TEXT),
)
def buildinfo() -> Any:
    unknown = dict.fromkeys(("branch", "buildUser", "buildDate", "goVersion"), "")
    return {"version": _SPOKEN, "revision": f"voicehive-{__version__}", **unknown}
