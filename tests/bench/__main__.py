"""`python -m tests.bench [GROUP ...] [--calls N] [--write]`: measure, print one table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench import machine, stores
from tests.bench.program import ROOT
from tests.bench.table import Line, markdown
from tests.servers import remove_leftovers, scratch_folder

_PAGE = ROOT / "docs" / "benchmarks.md"
_INTRODUCTION = """# Benchmarks

Made by `make bench ARGS=--write`. Times are medians of several runs on a machine that did other things as well, so the
ratios to the baseline of the same run say more than the times. No test depends on a time.
"""


def _groups(calls: int) -> dict[str, Callable[[Path], Iterator[Line]]]:
    """Each group imports what it measures with when it runs."""

    def ingest(scratch: Path) -> Iterator[Line]:
        from tests.bench import ingest as group

        return group.lines(scratch)

    def queries(scratch: Path) -> Iterator[Line]:
        from tests.bench import queries as group

        return group.lines(calls, scratch)

    def table(scratch: Path) -> Iterator[Line]:
        from tests.bench import table_of_calls as group

        return group.lines(calls)

    def start(scratch: Path) -> Iterator[Line]:
        from tests.bench import start as group

        return group.lines(calls, scratch)

    def refresh(scratch: Path) -> Iterator[Line]:
        from tests.bench import refresh as group

        return group.lines(scratch)

    def page(scratch: Path) -> Iterator[Line]:
        from tests.bench import heap, page

        yield from page.lines(scratch)
        yield from heap.lines(scratch)

    def pages(scratch: Path) -> Iterator[Line]:
        from tests.bench import pages as group

        return group.lines(calls, scratch)

    def monitoring(scratch: Path) -> Iterator[Line]:
        from tests.bench import monitoring as group

        return group.lines(scratch)

    def alerting(scratch: Path) -> Iterator[Line]:
        from tests.bench import alerting as group

        return group.lines(scratch)

    def rules(scratch: Path) -> Iterator[Line]:
        from tests.bench import rules as group

        return group.lines(scratch)

    def access(scratch: Path) -> Iterator[Line]:
        from tests.bench import access as group

        return group.lines(scratch)

    def keeping(scratch: Path) -> Iterator[Line]:
        from tests.bench import keeping as group

        return group.lines(calls, scratch)

    def reports(scratch: Path) -> Iterator[Line]:
        from tests.bench import reports as group

        return group.lines(calls, scratch)

    return {
        "ingest": ingest,
        "queries": queries,
        "table": table,
        "start": start,
        "refresh": refresh,
        "page": page,
        "pages": pages,
        "monitoring": monitoring,
        "keeping": keeping,
        "alerting": alerting,
        "rules": rules,
        "access": access,
        "reports": reports,
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Medians and ratios of the hot paths.")
    names = ", ".join(_groups(0))
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"any of {names}; all when none is named")
    parser.add_argument("--calls", type=int, default=stores.MANY, help="calls of the big store (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help=f"write the table to {_PAGE.relative_to(ROOT)}")
    given = parser.parse_args()
    unknown = set(given.groups) - _groups(0).keys()
    if unknown:
        parser.error(f"there is no group {sorted(unknown)[0]!r}; there are {names}")
    return given


def main() -> None:
    given = _arguments()
    remove_leftovers()
    facts = machine.facts()
    found: list[Line] = []
    for name, group in _groups(given.calls).items():
        if given.groups and name not in given.groups:
            continue
        print(f"Measuring {name} ...", file=sys.stderr, flush=True)
        with scratch_folder() as scratch:
            found += group(scratch)
    text = "\n".join([*(f"- {name}: {value}" for name, value in facts.items()), "", markdown(found)])
    print(text)
    if given.write:
        _PAGE.parent.mkdir(exist_ok=True)
        _PAGE.write_text(f"{_INTRODUCTION}\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
