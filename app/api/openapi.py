"""/api/openapi.json: made from the descriptions beside the endpoints."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response

from app import __version__
from app.api.describe import OPERATIONS, TEXT, Operation, json_answer, obj

blueprint = Blueprint("openapi", __name__)
_ERROR = obj(error=obj(code=TEXT, message=TEXT, request_id=TEXT))


@blueprint.get("/api/openapi.json")
def openapi() -> Response:
    """The description of the API (OpenAPI 3.1)."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation)
    info = {
        "title": "VoiceHive",
        "version": __version__,
        "description": "Calls, their figures and the service's health.",
    }
    return json_answer({"openapi": "3.1.0", "info": info, "paths": paths, "components": {"schemas": {"Error": _ERROR}}})


def _operation(operation: Operation) -> dict[str, Any]:
    error = {"application/json": {"schema": operation.error}}
    responses: dict[str, Any] = {
        str(operation.status): {
            "description": HTTPStatus(operation.status).phrase,
            "content": {"application/json": {"schema": operation.answer}},
        }
    }
    for status in operation.errors:
        responses[str(status)] = {"description": HTTPStatus(status).phrase, "content": error}
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
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": operation.body}}}
    return described
