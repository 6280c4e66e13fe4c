"""How the body of a platform's request becomes payloads: one object a call or message."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import orjson

from data.sources.cdr import Rejected

FORM = "application/x-www-form-urlencoded"


def from_json(body: bytes, mimetype: str = "") -> list[Any]:
    """One object, or a list of them."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Rejected(f"the body is not JSON: {error}") from None
    return parsed if isinstance(parsed, list) else [parsed]


def from_form(body: bytes, mimetype: str) -> list[Any]:
    """The fields of a form as one object; JSON where it is said to be."""
    if mimetype != FORM or is_json(body):
        return from_json(body)
    return [dict(form_fields(body))]


def is_json(body: bytes) -> bool:
    """Whether it begins like JSON, whatever its sender calls it."""
    return body.lstrip().startswith((b"{", b"["))


def form_fields(body: bytes) -> list[tuple[str, str]]:
    """The fields of a form in their order."""
    return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)


def concatenated(text: str) -> Iterator[Any]:
    """JSON values written one after the other, with or without anything between; the rest as text once one can't be
    read."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        if text[at].isspace() or text[at] == ",":
            at += 1
            continue
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            yield text[at:]
            return
        yield value


def unbase64(text: Any) -> bytes:
    """The bytes of base64; raises Rejected."""
    try:
        return base64.b64decode(str(text), validate=True)
    except (binascii.Error, ValueError):
        raise Rejected("the data is not base64") from None
