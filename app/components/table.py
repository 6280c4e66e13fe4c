"""Tables of figures: rows of a name and its figures; on a phone each row is a small card."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from app.components.plain import Children, Plain, h


class Head(NamedTuple):
    """The head of a column and what its figures mean; `text` columns stand at the left."""

    label: str
    definition: str = ""
    text: bool = False


def cell(text: Children, *, link: str = "", tip: str = "", note: str = "", few: bool = False, bar: float = -1) -> Plain:
    """A figure; `note` stands beside it, `bar` (0 to 1) is drawn below it. `few`: it rests on too few calls."""
    cls = "vh-cell-value" + (" vh-few" if few else "")
    nav = {"data_nav": "1"} if link and not link.startswith(("/calls?", "http")) else {}
    value = h("A", text, href=link, cls=cls, data_tip=tip or None, **nav) if link else h(
        "Span", text, cls=cls, data_tip=tip or None
    )  # fmt: skip
    parts: list[Any] = [value]
    if note:
        parts.append(h("Span", note, cls="vh-note"))
    if bar >= 0:
        parts.append(h("Span", cls="vh-bar", style={"--value": f"{bar:.3f}"}, aria_hidden="true"))
    return h("Td", parts)


def named(text: Children, *, tint: str = "", note: str = "") -> Plain:
    """The head of a row; `tint` is a colour of the theme."""
    parts: list[Any] = [h("Span", text, cls="vh-row-name")]
    if tint:
        parts.insert(0, h("Span", cls="vh-swatch", style={"background": f"var(--vh-{tint})"}, aria_hidden="true"))
    if note:
        parts.append(h("Span", note, cls="vh-note"))
    return h("Th", parts, scope="row")


def table(heads: Sequence[Head], rows: Iterable[Sequence[Plain]], *, caption: str) -> Plain:
    """The table; the first column of each row is a `named`, the others are `cell`s in the order of the heads."""
    top = [
        h("Th", head.label, scope="col", cls="" if i == 0 or head.text else "vh-num", data_tip=head.definition or None,
          tabIndex=0 if head.definition else None)
        for i, head in enumerate(heads)
    ]  # fmt: skip
    body = [h("Tr", [row[0], *(_labelled(c, head) for c, head in zip(row[1:], heads[1:], strict=True))])
            for row in rows]  # fmt: skip
    content = [h("Caption", caption, cls="visually-hidden"), h("Thead", h("Tr", top)), h("Tbody", body)]
    return h("Div", h("Table", content, cls="vh-table"), cls="vh-table-box")


def _labelled(found: Plain, head: Head) -> Plain:
    props = found["props"] | {"data-label": head.label}
    return found | {"props": props if head.text else props | {"className": "vh-num"}}
