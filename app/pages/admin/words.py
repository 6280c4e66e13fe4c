"""Small pieces that the views of the page share."""

from __future__ import annotations

from typing import Any

import orjson

from app.components.plain import Children, Plain, h
from data.times import to_datetime


def card(title: str, count: int | None, body: Children, *tools: Plain, note: str = "") -> Plain:
    """A section with its title, how much there is, and what can be done with all of it."""
    head = [h("H2", title, cls="vh-card-title")]
    if count is not None:
        head.append(h("Span", f"{count:,}", cls="vh-card-unit"))
    head.append(h("Span", list(tools), cls="vh-card-extra ad-tools"))
    content = [h("Header", head, cls="vh-card-head"), *([h("P", note, cls="vh-note ad-note")] if note else [])]
    content += body if isinstance(body, list) else [body]
    return h("Section", content, cls="vh-card", aria_label=title, key=title)


def rows(found: list[Plain], kind: str, nothing: str) -> Plain:
    """A list, or what stands where there is nothing."""
    if not found:
        return h("P", nothing, cls="vh-note ad-nothing")
    return h("Ul", found, cls=f"ad-rows ad-{kind}")


def day(micros: int, zone: str) -> str:
    """A day in words."""
    moment = to_datetime(micros, zone)
    return f"{moment.day} {moment:%b %Y}"


def moment(micros: int, zone: str) -> Plain:
    """An instant in a row."""
    at = to_datetime(micros, zone)
    return h("Time", f"{at.day} {at:%b, %H:%M:%S}", data_tip=f"{at:%a %d %b %Y, %H:%M:%S %Z}")


def ago(micros: int, zone: str) -> Plain:
    """How long ago, counted by the browser; the instant in its tip."""
    at = to_datetime(micros, zone)
    return h("Time", cls="vh-ago", data_age=micros // 1000, data_tip=f"{at:%a %d %b %Y, %H:%M:%S %Z}")


def ask(
    text: str,
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    *,
    confirm: str = "",
    cls: str = "vh-button",
    tell: str = "",
) -> Plain:
    """A button that asks the API, after `confirm` was agreed to; `tell` says what the secret in the answer is."""
    return h(
        "Button",
        text,
        type="button",
        cls=cls,
        data_admin="ask",
        data_method=method,
        data_path=path,
        data_body=None if body is None else orjson.dumps(body).decode(),
        data_confirm=confirm or None,
        data_tell=tell or None,
    )


def opens(text: str, dialog: str, *, cls: str = "vh-button", **data: Any) -> Plain:
    """A button that opens one of the page's forms."""
    return h("Button", text, type="button", cls=cls, data_admin="open", data_form_name=dialog, **data)
