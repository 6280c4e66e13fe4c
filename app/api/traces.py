"""POST /v1/traces: spans of calls by OTLP over HTTP, in protobuf or JSON, as OpenTelemetry's exporters send them."""

from __future__ import annotations

import zlib

from flask import Blueprint, Response, request
from google.protobuf.json_format import MessageToJson
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from app.api.body import MOST_BYTES, read_body, too_large
from app.api.describe import TEXT, endpoint, listing, obj
from app.api.errors import ApiError, answer_error
from app.services import services
from data.times import now_micros
from data.traces.otlp import BadSpans, from_json, from_protobuf, read_spans

blueprint = Blueprint("traces", __name__)

PROTOBUF, JSON = "application/x-protobuf", "application/json"
_READERS = {PROTOBUF: from_protobuf, JSON: from_json}
MOST_SPANS = 10_000
_REASONS_SHOWN = 10
_BODY = obj(resourceSpans=listing({"type": "object", "additionalProperties": True}))
_ANSWER = {"type": "object", "properties": {"partialSuccess": obj(rejectedSpans=TEXT, errorMessage=TEXT)}}


@endpoint(
    blueprint,
    "POST",
    "/v1/traces",
    "Take in spans of calls by OTLP/HTTP (JSON, or protobuf as application/x-protobuf); answered once they are durable",
    body=_BODY,
    answer=_ANSWER,
    errors=(400, 413, 415, 503, 507),
)
def post_traces() -> Response:
    parts = services()
    export = read_spans(_request(), now_micros())
    refused = [*export.refused, *(parts.spans.add(export.rows) if export.rows else ())]
    stored = len(export.rows) + len(export.refused) - len(refused)
    parts.metrics.spans.labels("accepted").inc(stored)
    parts.metrics.spans.labels("rejected").inc(len(refused))
    answer = ExportTraceServiceResponse()
    if refused:
        answer.partial_success.rejected_spans = len(refused)
        answer.partial_success.error_message = "; ".join(refused[:_REASONS_SHOWN])
    if request.mimetype == PROTOBUF:
        return Response(answer.SerializeToString(), mimetype=PROTOBUF)
    return Response(MessageToJson(answer, indent=None), mimetype=JSON)


@blueprint.errorhandler(Exception)
def explain(error: Exception) -> Response:
    """The error in the sender's encoding: OTLP wants google.rpc.Status of protobuf clients."""
    response = answer_error(error)
    if request.mimetype == PROTOBUF and response.is_json:
        message = response.get_json()["error"]["message"]
        response.data, response.mimetype = Status(message=message).SerializeToString(), PROTOBUF
    return response


def _request() -> ExportTraceServiceRequest:
    reader = _READERS.get(request.mimetype)
    if reader is None:
        raise ApiError(415, "unsupported_type", f"Content-Type: send {PROTOBUF} or {JSON}.")
    try:
        found = reader(_unpacked(read_body()))
    except BadSpans as error:
        raise ApiError(400, "invalid_spans", str(error)) from None
    count = sum(len(scope.spans) for resource in found.resource_spans for scope in resource.scope_spans)
    if count > MOST_SPANS:
        raise ApiError(413, "too_large", f"A request holds at most {MOST_SPANS:,} spans, this one {count:,}.")
    return found


def _unpacked(content: bytes) -> bytes:
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding == "identity":
        return content
    if encoding != "gzip":
        raise ApiError(415, "unsupported_encoding", "Content-Encoding: send gzip, or nothing.")
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(content, MOST_BYTES + 1)
    except zlib.error as error:
        raise ApiError(400, "invalid_gzip", f"The body is not gzip: {error}") from None
    if len(unpacked) > MOST_BYTES:
        raise too_large()
    if not unpacker.eof or unpacker.unused_data:
        raise ApiError(400, "invalid_gzip", "The body is not one whole gzip stream.")
    return unpacked
