"""/api/openapi.json: made from the descriptions beside the endpoints."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

import orjson
from flask import Blueprint, Response

from app import __version__
from app.api.describe import OPERATIONS, TEXT, Operation, json_answer, obj
from app.auth.permissions import ROUTES, Need

blueprint = Blueprint("openapi", __name__)
#: What the door answers before an endpoint is asked (app/gate.py, app/limits.py).
_DOOR, _GUARDED = (403, 429), (401, 403, 429)
#: What the routes answer where a number in the path is none.
_NO_SUCH = (404, 405)
_ERROR = obj(error=obj(code=TEXT, message=TEXT, request_id=TEXT))


@blueprint.get("/api/openapi.json")
def openapi() -> Response:
    """The description of the API (OpenAPI 3.1)."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {"Error": _ERROR}
    for operation in OPERATIONS:
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation, schemas)
    info = {
        "title": "VoiceHive",
        "version": __version__,
        "description": "Calls, their figures and the service's health.",
    }
    bearer = {"type": "http", "scheme": "bearer", "description": "An API key or an access token."}
    components = {"schemas": schemas, "securitySchemes": {"bearer": bearer}}
    return json_answer({"openapi": "3.1.0", "info": info, "paths": paths, "components": components})


def _operation(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    file = "contentMediaType" in operation.answer
    kind = "*/*" if file else "application/json"
    empty = operation.status == HTTPStatus.NO_CONTENT
    responses = {str(operation.status): _response(operation.status, {} if empty else operation.answer, kind)}
    need = ROUTES[f"{operation.method} {operation.path}"]
    door = {*(_DOOR if need is Need.OPEN else _GUARDED), *(_NO_SUCH if "<int:" in operation.path else ())}
    for status in sorted({*operation.errors, *door}):
        # What speaks for an Alertmanager answers errors as that does: a text, an object, or nothing.
        schema = {} if operation.path.startswith("/api/v2/") else operation.error
        responses[str(status)] = _response(status, schema)
    described: dict[str, Any] = {
        "summary": operation.summary,
        "parameters": [
            {
                "name": p.name,
                "in": p.where,
                "description": p.description,
                "schema": p.schema,
                "required": p.where == "path",
            }
            for p in operation.parameters
        ],
        "responses": responses,
    }
    if need is not Need.OPEN:
        described["security"] = [{"bearer": []}]
    if operation.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _shared(operation.body, schemas)}},
        }
    return described


def _response(status: int, schema: dict[str, Any], kind: str = "application/json") -> dict[str, Any]:
    """A response; without a schema nothing is said of its content."""
    content = {"content": {kind: {"schema": schema}}} if schema else {}
    return {"description": HTTPStatus(status).phrase} | content


def _shared(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """A schema whose parts stand among the schemas of the whole description."""
    plain = orjson.loads(orjson.dumps(schema).replace(b"#/$defs/", b"#/components/schemas/"))
    for part in (plain, *plain.get("oneOf", ())):
        schemas |= part.pop("$defs", {})
    found: dict[str, Any] = plain
    return found
