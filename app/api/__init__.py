"""The REST API: one resource a file; this is the list of them."""

from __future__ import annotations

from flask import Flask, Response

from app.api import (
    admin,
    alertmanager,
    alerts,
    auth,
    calls,
    dashboard,
    deployments,
    errors,
    export,
    health,
    ingest,
    kpis,
    notes,
    notifications,
    openapi,
    prometheus,
    reports,
    rules,
    screens,
    silences,
    system,
    traces,
    values,
    views,
    webhook,
)
from app.api.call_key import CallKey, tell_apart

BLUEPRINTS = (
    health.blueprint,
    auth.blueprint,
    dashboard.blueprint,
    notes.blueprint,
    calls.blueprint,
    ingest.blueprint,
    kpis.blueprint,
    deployments.blueprint,
    system.blueprint,
    prometheus.blueprint,
    alerts.blueprint,
    silences.blueprint,
    webhook.blueprint,
    notifications.blueprint,
    alertmanager.blueprint,
    reports.blueprint,
    rules.blueprint,
    traces.blueprint,
    values.blueprint,
    export.blueprint,
    views.blueprint,
    screens.blueprint,
    *admin.BLUEPRINTS,
    openapi.blueprint,
)


def register(server: Flask) -> None:
    """Route all endpoints; an unknown path under /api is a JSON 404, never a page."""
    errors.register(server)
    server.url_map.converters["call_key"] = CallKey
    server.url_value_preprocessor(tell_apart)
    for blueprint in BLUEPRINTS:
        server.register_blueprint(blueprint)

    @server.get("/api", defaults={"rest": ""}, strict_slashes=False)
    @server.get("/api/<path:rest>")
    def unknown(rest: str) -> Response:
        return errors.not_here()
