"""Rows of a name, a figure and a bar, each a way to its calls."""

from __future__ import annotations

from typing import Any

from app.components.plain import Plain, h


def bar_row(
    name: str, value: str, beside: str, share: float, link: str = "", *, tint: str = "", tip: str = ""
) -> Plain:
    """`share` is the length of the bar, from 0 to 1; `tint` a colour of the theme."""
    style: dict[str, Any] = {"--value": f"{share:.3f}"} | ({"--tint": f"var(--vh-{tint})"} if tint else {})
    inner = [
        h("Span", name, cls="vh-row-name"),
        h("Span", beside, cls="vh-row-note"),
        h("Span", value, cls="vh-row-value"),
        h("Span", cls="vh-bar vh-thick", style=style, aria_hidden="true"),
    ]
    row = {"cls": "vh-row", "data_tip": tip or None}
    return h("Li", h("A", inner, href=link, **row) if link else h("Div", inner, **row))


def coverage_line(known: int, total: int, what: str) -> Plain:
    """How much of the data a figure rests on."""
    share = f"{100 * known / total:.0f} %" if total else "none"
    return h("P", f"{what} known for {share} of {total:,} calls", cls="vh-note vh-coverage")


def nothing(sentence: str) -> Plain:
    """Why there is no figure."""
    return h("Div", sentence, cls="vh-nothing")
