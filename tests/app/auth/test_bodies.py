"""Bodies that are made to hurt: every endpoint that takes one refuses them, in little memory."""

from __future__ import annotations

import gzip
import resource
import sys
import zlib
from typing import Any

import pytest

from app.api.body import MOST_BYTES
from tests.app.auth.conftest import OWN, Guarded
from tests.app.auth.test_permissions import path_of, routes

pytestmark = pytest.mark.slow

JSON = {"Content-Type": "application/json"} | OWN
DEEP = b"[" * 200_000
HOSTILE: dict[str, tuple[bytes, dict[str, str]]] = {
    "depth": (DEEP, {}),
    "depth, closed": (b"[" * 100_000 + b"]" * 100_000, {}),
    "depth of objects": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, {}),
    "NaN": (b'{"duration": NaN, "score": Infinity}', {}),
    "large number": (b'{"score": 1e999999, "days": ' + b"9" * 5_000 + b"}", {}),
    "half a text": (b'{"name": "\xff\xfe\\ud800"}', {}),
    "only a word": (b"null", {}),
    "nothing": (b"", {}),
    "bomb": (gzip.compress(b"[" + b"{}," * 40_000_000 + b"{}]", 1), {"Content-Encoding": "gzip"}),
    "too long": (b" " * (MOST_BYTES + 2 * 1024 * 1024), {}),
    "many of nothing": (b"[" + b"{}," * ((MOST_BYTES - 8) // 3) + b"{}]", {}),
}
#: A callback gets Dash's own answer, forms are no JSON, and these ask for no body.
NO_JSON = ("/_dash-update-component", "/login", "/logout", "/setup/<secret>", "/password/<secret>")
_MIB = 1024 * 1024


def takers(shared: Guarded) -> list[tuple[str, str]]:
    return [
        (method, path_of(rule))
        for method, rule in routes(shared)
        if method in ("POST", "PUT", "PATCH") and rule.rule not in NO_JSON and "account" not in rule.rule
    ]


def peak() -> int:
    """The most memory this process ever had, in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


@pytest.mark.parametrize("name", HOSTILE)
def test_a_body_that_is_made_to_hurt_is_refused_everywhere(shared: Guarded, name: str) -> None:
    body, headers = HOSTILE[name]
    client, before, wrong = shared.signed_in("admin"), peak(), []
    for method, path in takers(shared):
        answer: Any = client.open(path, method=method, data=body, headers=JSON | headers)
        # What asks for no body does not look at it.
        if answer.status_code >= 500 or (answer.status_code < 300 and not _asks_for_none(method, path)):
            wrong.append(f"{method} {path}: {answer.status_code} {answer.text[:80]}")
    assert wrong == []
    assert peak() - before < 400 * _MIB


def _asks_for_none(method: str, path: str) -> bool:
    return path in ("/api/rules/reload", "/api/admin/retention") or (method == "POST" and path.startswith("/api/v1/"))


def test_what_is_too_long_is_413_before_it_is_read(shared: Guarded) -> None:
    client = shared.signed_in("admin")
    for path in ("/api/calls", "/v1/traces", "/api/silences", "/api/admin/users", "/api/views", "/api/alerts/webhook"):
        body, _ = HOSTILE["too long"]
        assert client.post(path, data=body, headers=JSON).status_code == 413, path


def test_a_callback_that_can_not_be_read_is_refused(shared: Guarded) -> None:
    client = shared.signed_in("viewer")
    for name, (body, headers) in HOSTILE.items():
        status = client.post("/_dash-update-component", data=body, headers=JSON | headers).status_code
        assert status in (400, 413), name


def test_packed_spans_are_unpacked_up_to_the_limit_of_a_body(shared: Guarded) -> None:
    client = shared.signed_in("admin")
    for packed, kind in ((gzip.compress(b" " * 90 * _MIB, 9), "gzip"), (zlib.compress(b" " * 90 * _MIB, 9), "deflate")):
        answer = client.post("/v1/traces", data=packed, headers=JSON | {"Content-Encoding": kind})
        assert answer.status_code in (400, 413, 415)
