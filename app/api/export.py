"""Calls out of the app, as files."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from flask import Blueprint, Response, request, send_file

from app.api.describe import LIST_FILTERS, Parameter, endpoint
from app.api.errors import ApiError, no_endpoint
from app.auth.current import audit
from app.services import services
from data.export.batches import Batches, batches
from data.export.csv import csv
from data.export.parquet import write_parquet
from data.export.xlsx import TooManyRows, write_xlsx
from data.filters import CallFilter
from data.times import BEGINNING, EARLIEST, to_datetime

blueprint = Blueprint("export", __name__)

_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}


@endpoint(
    blueprint,
    "GET",
    "/api/export/calls.<kind>",
    "All calls of a filter, newest first, as a file; X-Total-Count tells how many there are",
    parameters=[*LIST_FILTERS, Parameter("kind", "csv, xlsx or parquet.", {"enum": list(_TYPES)}, where="path")],
    answer={"type": "string", "contentMediaType": "application/octet-stream"},
    errors=(400, 404, 413, 503),
)
def export_calls(kind: str) -> Response:
    if kind not in _TYPES:
        raise no_endpoint()
    chosen = services().parse(request.args, default_from=BEGINNING).filter
    response = _csv(chosen) if kind == "csv" else _file(chosen, kind)
    asked = request.query_string.decode("ascii", "replace")
    audit("calls exported", kind, after={"calls": int(response.headers["X-Total-Count"]), "filter": asked[:500]})
    response.headers["Content-Disposition"] = f"attachment; filename={_name(chosen)}.{kind}"
    response.headers["Cache-Control"] = "no-store"
    # The page that asked sees by this that the answer has begun.
    token = request.args.get("token", "")
    if re.fullmatch(r"[0-9]{1,16}", token):
        response.set_cookie("vh_export", token, max_age=60, samesite="Strict")
    return response


def _csv(chosen: CallFilter) -> Response:
    """Sent while it is read."""
    stack = contextlib.ExitStack()
    found = stack.enter_context(batches(services().copy, chosen))

    def pieces() -> Iterator[bytes]:
        with stack:
            yield from csv(found)

    response = Response(pieces(), content_type=_TYPES["csv"])
    # Where the answer is never read, its generator never runs.
    response.call_on_close(stack.close)
    response.headers["X-Total-Count"] = str(found.total)
    return response


def _file(chosen: CallFilter, kind: str) -> Response:
    """Written as a whole, then sent; the file is gone when it is."""
    folder = services().settings.var_dir / "exports"
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        path = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=folder))) / f"calls.{kind}"
        with batches(services().copy, chosen) as found:
            try:
                _WRITERS[kind](found, path, chosen)
            except TooManyRows as error:
                raise ApiError(413, "too_many_rows", f"{error}.") from None
        response = send_file(path, mimetype=_TYPES[kind])
        response.headers["X-Total-Count"] = str(found.total)
        response.call_on_close(stack.pop_all().close)
    return response


_WRITERS: dict[str, Callable[[Batches, Path, CallFilter], None]] = {
    "xlsx": lambda found, path, chosen: write_xlsx(found, path, chosen.zone),
    "parquet": lambda found, path, chosen: write_parquet(found, path),
}


def _name(chosen: CallFilter) -> str:
    """calls, and the days of the range."""
    days = [f"{to_datetime(t, chosen.zone):%Y-%m-%d}" for t in (chosen.start, chosen.end) if t not in (None, EARLIEST)]
    return "_".join(["calls", *dict.fromkeys(days)])
