"""What the table of calls refreshes by itself: the filter, and how many calls there are. Rows are asked for by the
browser as they come into sight (app/pages/calls/rows.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.components.guard import Parts
from app.components.plain import Plain, h
from app.components.states import no_calls, no_calls_here
from app.format import count
from app.pages.calls import ids
from data.queries.listing import count_calls
from data.queries.overview import newest

if TYPE_CHECKING:
    from app.filters import PageFilter
    from app.services import Services

#: What an Excel sheet holds below its header.
SHEET_ROWS = 1_048_575


def parts(page_filter: PageFilter, services: Services) -> Parts:
    """All parts; without the number of calls there is nothing to show."""
    chosen = page_filter.filter
    total = count_calls(services.copy, chosen)
    last = None if total else newest(services.copy)
    empty: list[Plain] = [] if total else no_calls() if last is None else no_calls_here(chosen, last)
    return {
        ids.TOTAL: {"children": f"{count(total)} {'call' if total == 1 else 'calls'}", "data-total": total},
        ids.EMPTY: {"children": empty, "className": "vh-empty" if empty else "vh-empty d-none"},
        ids.EXPORT: {"children": _export(total)},
    }


def _export(total: int) -> list[Plain]:
    """The ways to take all of these calls along. assets/voicehive/calls.js adds the filter to their addresses."""
    found = [
        _download("csv", "CSV", "for every program"),
        _download("xlsx", "Excel", f"up to {count(SHEET_ROWS)} calls"),
        _download("parquet", "Parquet", "with types, for pandas, DuckDB, Spark"),
    ]
    if total > SHEET_ROWS:
        found[1] = h("P", f"Excel holds {count(SHEET_ROWS)} calls at most: take CSV or Parquet.", cls="vh-menu-note")
    return found


def _download(kind: str, name: str, words: str) -> Plain:
    return h(
        "A",
        [h("Span", name), h("Span", words, cls="vh-note")],
        href=f"/api/export/calls.{kind}",
        cls="vh-menu-item vh-download",
        data_export=kind,
        download="",
    )
