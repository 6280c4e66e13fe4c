"""What traces and logs share: who is speaking, and how long a stop may wait for a collector."""

from __future__ import annotations

from opentelemetry.sdk.resources import Resource

STOP_MILLIS = 1_000


def service_resource(service: str, version: str = "") -> Resource:
    """The name of this service; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win."""
    ours = {"service.name": service} | ({"service.version": version} if version else {})
    given = dict(Resource.create().attributes)
    # What the SDK calls a service that was not named.
    if str(given.get("service.name", "")).startswith("unknown_service"):
        del given["service.name"]
    return Resource(ours | given)
