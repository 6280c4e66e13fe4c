"""Source and id of a call in the address of an endpoint. Both may hold anything, slashes too."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from flask import request
from werkzeug.routing import BaseConverter

from app.addresses import as_sent

_BEFORE = "/api/calls/"


class CallKey(BaseConverter):
    """A part of a path in which slashes may stand, also at its ends."""

    regex = ".+?"
    part_isolating = False


def tell_apart(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Part `source` and `call_id` where the client did. They come decoded, parted at the first slash of all."""
    if not values or "call_id" not in values:
        return
    source = unquote(as_sent(request.environ).partition(_BEFORE)[2].partition("/")[0])
    whole = f"{values['source']}/{values['call_id']}"
    if whole.startswith(f"{source}/"):
        values["source"], values["call_id"] = source, whole.removeprefix(f"{source}/")
