"""`python -m tests.bench [GROUP ...] [--calls N] [--write]`: measure, print one table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from importlib import import_module

from tests.bench import machine, stores
from tests.bench.program import ROOT
from tests.bench.table import Line, markdown
from tests.servers import remove_leftovers, scratch_folder

_PAGE = ROOT / "docs" / "benchmarks.md"
_INTRODUCTION = """# Benchmarks

Made by `make bench ARGS=--write`. Times are medians of several runs on a machine that did other things as well, so the
ratios to the baseline of the same run say more than the times. No test depends on a time.
"""


#: The modules that measure a group, by `lines(calls, scratch)`; each is imported when its turn comes.
_GROUPS = {
    "ingest": ["ingest"],
    "queries": ["queries"],
    "table": ["table_of_calls"],
    "start": ["start"],
    "refresh": ["refresh"],
    "page": ["page", "heap"],
    "pages": ["pages"],
    "monitoring": ["monitoring"],
    "keeping": ["keeping"],
    "alerting": ["alerting"],
    "rules": ["rules"],
    "access": ["access"],
    "reports": ["reports"],
}


def _measured(group: str, calls: int) -> Iterator[Line]:
    for name in _GROUPS[group]:
        with scratch_folder() as scratch:
            yield from import_module(f"tests.bench.{name}").lines(calls, scratch)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Medians and ratios of the hot paths.")
    names = ", ".join(_GROUPS)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"any of {names}; all when none is named")
    parser.add_argument("--calls", type=int, default=stores.MANY, help="calls of the big store (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help=f"write the table to {_PAGE.relative_to(ROOT)}")
    given = parser.parse_args()
    unknown = set(given.groups) - _GROUPS.keys()
    if unknown:
        parser.error(f"there is no group {sorted(unknown)[0]!r}; there are {names}")
    return given


def main() -> None:
    given = _arguments()
    remove_leftovers()
    facts = machine.facts()
    found: list[Line] = []
    for group in _GROUPS:
        if not given.groups or group in given.groups:
            print(f"Measuring {group} ...", file=sys.stderr, flush=True)
            found += _measured(group, given.calls)
    text = "\n".join([*(f"- {name}: {value}" for name, value in facts.items()), "", markdown(found)])
    print(text)
    if given.write:
        _PAGE.parent.mkdir(exist_ok=True)
        _PAGE.write_text(f"{_INTRODUCTION}\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
