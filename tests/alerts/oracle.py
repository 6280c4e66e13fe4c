"""What a real Prometheus answers to queries: each is a test that expects nothing, and promtool tells what it got."""

from __future__ import annotations

import json
import math
import re
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests import servers

#: None: an error.
Answer = dict[frozenset[tuple[str, str]], float] | None

_FAILED = re.compile(
    r'expr: (?P<expr>"(?:\\.|[^"\\])*"), time: [^,]+,\s*(?:err: (?P<error>.*)|exp: nil\s+got: (?P<got>.*))'
)
_SERIES = re.compile(r'(\{(?:[^"}]|"(?:\\.|[^"\\])*")*\}) ([-+\w.]+)(?:, |$)')
_LABEL = re.compile(r'(\w+)="((?:\\.|[^"\\])*)"')


def answers(queries: Iterable[str], files: Sequence[Path]) -> dict[str, Answer]:
    """The answers to the queries of test files, by the query's text, which no two have in common."""
    run = subprocess.run(
        [servers.require("promtool"), "test", "rules", *files], capture_output=True, text=True, timeout=300, check=False
    )
    found: dict[str, Answer] = {query: {} for query in queries}
    for match in _FAILED.finditer(run.stderr):
        query = json.loads(match["expr"])
        assert query in found
        found[query] = None if match["error"] else _series(match["got"])
    assert "FAILED" in run.stderr, run
    return found


def _series(text: str) -> Answer:
    found = {frozenset(_LABEL.findall(labels)): float(value) for labels, value in _SERIES.findall(text)}
    assert found, text
    return found


def close(expected: float, found: float) -> bool:
    """Whether two values are the same but for rounding."""
    if math.isnan(expected) or math.isnan(found):
        return math.isnan(expected) and math.isnan(found)
    return expected == found or math.isclose(expected, found, rel_tol=1e-9, abs_tol=1e-9)


def same(expected: Answer, found: Answer) -> bool:
    """Whether two answers have the same series and values."""
    if expected is None or found is None:
        return expected is found
    return expected.keys() == found.keys() and all(close(value, found[key]) for key, value in expected.items())
