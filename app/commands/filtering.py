"""What commands that read calls share: options for a filter, and a copy of their own beside a running server."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.commands.common import Refused, opened

if TYPE_CHECKING:
    from data.analytics import AnalyticCopy
    from data.filters import CallFilter
    from data.record import Record

LISTS = (
    "agent", "agent_version", "queue", "status", "direction", "source", "end_reason_group", "end_reason", "language",
    "sentiment", "tags", "weekday", "hour", "csat", "of",
)  # fmt: skip
SINGLE = {
    "min_duration": "In seconds.",
    "max_duration": "In seconds.",
    "min_wait": "In seconds.",
    "max_wait": "In seconds.",
    "min_latency": "In milliseconds.",
    "max_latency": "In milliseconds.",
    "again": "Only calls whose caller called again so soon: 24h or 7d.",
    "at": "Only calls that went on at this moment.",
}


def filters(command: Callable[..., None]) -> Callable[..., None]:
    """An option for each condition of the query string but the range."""
    for name in reversed(LISTS):
        several = f"Only calls with this {name.replace('_', ' ')}; may be given several times."
        text = "Only calls that a figure is computed from, as offered." if name == "of" else several
        command = click.option(f"--{name.replace('_', '-')}", name, multiple=True, help=text)(command)
    for name, text in SINGLE.items():
        command = click.option(f"--{name.replace('_', '-')}", name, help=text)(command)
    searched = "Only calls in whose id, agent, queue, end reason or last two digits this text occurs."
    command = click.option("--q", help=searched)(command)
    return click.option("--zone", help="Zone of times and days.  [default: TIMEZONE]")(command)


def parsed(values: Mapping[str, object], zone: str) -> CallFilter:
    """The filter of these options, read as those of a query string; Refused names a bad one."""
    from werkzeug.datastructures import MultiDict

    from app.filters import BadFilter, parse_query
    from data.times import now_micros

    pairs = [(k, str(v)) for k, value in values.items() for v in (value if isinstance(value, tuple) else (value,))]
    try:
        return parse_query(MultiDict([p for p in pairs if p[1] != "None"]), now_micros(), zone).filter
    except BadFilter as error:
        raise Refused(f"--{error}") from None


def _copied(needed: CallFilter) -> CallFilter:
    """The range that a copy must hold: who called again is told by calls after the range."""
    from dataclasses import replace

    from data.repeats import AGAIN

    if not needed.again or needed.end is None:
        return needed
    return replace(needed, end=needed.end + AGAIN[needed.again])


@contextlib.contextmanager
def own_copy(needed: CallFilter, out: Path) -> Iterator[tuple[Record, AnalyticCopy, Path]]:
    """The record, a copy of the calls of the range, and a folder beside `out` that goes away with it.

    The server's copy is its own: a second process can't open it.
    """
    import tempfile

    from data.analytics import AnalyticCopy

    try:
        with contextlib.ExitStack() as stack:
            record = stack.enter_context(opened())
            beside = tempfile.TemporaryDirectory(dir=out.absolute().parent, prefix=".voicehive-")
            folder = Path(stack.enter_context(beside))
            copy = AnalyticCopy(record, folder / "calls.duckdb", only=_copied(needed).times())
            stack.callback(copy.close)
            yield record, copy, folder
    except OSError as error:
        raise Refused(f"--out: {error.strerror}: {error.filename}") from None
