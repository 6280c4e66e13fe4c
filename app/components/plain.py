"""HTML as plain dicts: what a refresh sends is serialised by orjson in one go, without Dash's component objects."""

from __future__ import annotations

from typing import Any

Plain = dict[str, Any]
#: Text, a plain dict, a Dash component where one is needed, or a list of these.
Children = Any


def h(name: str, children: Children = None, **props: Any) -> Plain:
    """One HTML element: `h("Span", "7", cls="vh-n", aria_label="seven", data_age=12)`.

    `cls` is the class; `aria_`, `data_` are written with hyphens; None is left out.
    """
    found = {_spelled(key): value for key, value in props.items() if value is not None}
    if children is not None:
        found["children"] = children
    return {"namespace": "dash_html_components", "type": name, "props": found}


def icon(name: str, cls: str = "") -> Plain:
    """A small picture of assets/icons.css, hidden from screen readers."""
    return h("Span", cls=f"vh-i vh-i-{name} {cls}".rstrip(), aria_hidden="true")


def _spelled(key: str) -> str:
    if key == "cls":
        return "className"
    return key.replace("_", "-") if key.startswith(("aria_", "data_")) else key
