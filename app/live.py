"""What a page refreshes itself with: only the parts that changed, serialised and compressed once for everybody.

GET /_live/<page>?<the page's query string>&have=<id:version,...> answers with the parts whose version the browser
does not have, or 204 when it has all. What the frame of every page shows, the bell, comes with each; a page that
refreshes nothing of its own asks as the page "shell".
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl

import brotli
import orjson
from flask import Flask, Response, request
from werkzeug.datastructures import MultiDict

from app.api.errors import ApiError, error_response
from app.auth.current import shown
from app.components.filterbar import filter_parts
from app.components.problems import problem_parts
from app.filters import PageFilter
from app.services import Services
from data.record import RecordUnavailable
from data.times import now_micros, to_iso

Parts = Callable[[PageFilter, Services], Mapping[str, Mapping[str, Any]]]
#: The page that is nothing but its frame.
SHELL = "shell"
#: Pages without a bar that says which filter is in use.
_WITHOUT_FILTER = frozenset({SHELL, "admin"})
_BROTLI_QUALITY = 5
_ENCODED_KEPT = 16


class WithoutRecord(RecordUnavailable):
    """The record is away; these parts of the page are true all the same."""

    def __init__(self, reason: str, parts: dict[str, dict[str, Any]]) -> None:
        super().__init__(reason)
        self.parts = parts


@dataclass(slots=True)
class State:
    """All parts of a page at one instant, each serialised, with the answers made of them."""

    as_of: str
    versions: dict[str, str]
    parts: dict[str, bytes]
    encoded: OrderedDict[tuple[str, bool], bytes] = field(default_factory=OrderedDict)
    lock: Lock = field(default_factory=Lock)

    def props(self) -> dict[str, dict[str, Any]]:
        """All parts as they are put into a layout."""
        return {name: orjson.loads(properties) for name, properties in self.parts.items()}

    def answer(self, have: str, compress: bool) -> bytes:
        """The body for a browser that has these versions; empty if it has all."""
        known = set(have.split(","))
        changed = [name for name, version in self.versions.items() if f"{name}:{version}" not in known]
        if not changed:
            return b""
        with self.lock:
            key = (",".join(changed), compress)
            if key not in self.encoded:
                self.encoded[key] = self._encode(changed, compress)
                while len(self.encoded) > _ENCODED_KEPT:
                    self.encoded.popitem(last=False)
            return self.encoded[key]

    def _encode(self, changed: list[str], compress: bool) -> bytes:
        head = orjson.dumps({"as_of": self.as_of, "versions": self.versions})[:-1]
        parts = b",".join(orjson.dumps(name) + b":" + self.parts[name] for name in changed)
        body = head + b',"parts":{' + parts + b"}}"
        return brotli.compress(body, quality=_BROTLI_QUALITY) if compress else body


def state_of(parts: Mapping[str, Mapping[str, Any]]) -> State:
    """Parts (component id -> properties) with a version each: a hash of their JSON."""
    options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    serialised = {name: orjson.dumps(properties, option=options) for name, properties in parts.items()}
    versions = {n: hashlib.blake2s(text, digest_size=6).hexdigest() for n, text in serialised.items()}
    return State(as_of=to_iso(now_micros()) or "", versions=versions, parts=serialised)


def page_state(page: str, parts: Parts, chosen: PageFilter, services: Services) -> State:
    """The parts of a page for a filter, computed once for everybody and anew after each change that somebody made;
    raises WithoutRecord."""

    def compute() -> State:
        frame = problem_parts(services.problems()) | ({} if page in _WITHOUT_FILTER else filter_parts(chosen))
        try:
            return state_of({**frame, **parts(chosen, services)})
        except RecordUnavailable as error:
            true = error.parts if isinstance(error, WithoutRecord) else {}
            raise WithoutRecord(str(error), {**frame, **true}) from error

    found: State = services.answers.get(("live", page, chosen.key, services.changes), compute)
    return found


def register(server: Flask, services: Services, pages: Mapping[str, Parts]) -> None:
    """Route the refresh of these pages (name -> their parts)."""

    known = {**pages, SHELL: lambda chosen, services: {}}

    @server.get("/_live/<page>")
    def live(page: str) -> Response:
        if page not in known:
            raise ApiError(404, "not_found", "There is no such page.")
        _, query = shown("", request.query_string.decode())
        chosen = services.parse(MultiDict(parse_qsl(query, keep_blank_values=True)))
        try:
            state = page_state(page, known[page], chosen, services)
        except WithoutRecord as error:
            return _without_record(error.parts)
        compress = "br" in request.headers.get("Accept-Encoding", "")
        body = state.answer(request.args.get("have", ""), compress)
        response = Response(body, status=200 if body else 204, mimetype="application/json")
        response.headers["Cache-Control"] = "no-store"
        response.headers["Vary"] = "Accept-Encoding"
        if body and compress:
            response.headers["Content-Encoding"] = "br"
        return response


def _without_record(parts: Mapping[str, Mapping[str, Any]]) -> Response:
    """An error that brings what is known all the same, above all that the record is away."""
    response = error_response(503, "database_unavailable", "The call record does not answer.", retry_after=2)
    content = orjson.loads(response.get_data()) | {"parts": parts}
    response.set_data(orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS))
    response.headers["Cache-Control"] = "no-store"
    return response
