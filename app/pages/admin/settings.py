"""Settings in force, and where each comes from."""

from __future__ import annotations

from app.components.plain import Plain, h
from app.pages.admin.words import card, rows
from app.pages.alerts.words import tag
from app.settings_shown import Shown


def settings(found: list[Shown]) -> list[Plain]:
    """Those that somebody has set, then the defaults."""
    chosen = [each for each in found if each.source != "default"]
    rest = [each for each in found if each.source == "default"]
    note = "They are read at the start: from the environment, from .env, or from the file that NAME_FILE names."
    none = "Nothing is set; all are defaults."
    return [
        card("Set", len(chosen), rows([_row(each) for each in chosen], "settings", none), note=note),
        card("Defaults", len(rest), rows([_row(each) for each in rest], "settings", "")),
    ]


def _row(setting: Shown) -> Plain:
    value = h("Code", setting.value, cls="ad-value") if setting.value is not None else h("Span", "not set")
    source = [] if setting.source == "default" else [tag(setting.source)]
    return h(
        "Li",
        [
            h("Code", setting.key, cls="ad-name"),
            h("Span", value, cls="ad-text"),
            h("Span", source, cls="ad-marks"),
            h("Span", setting.description, cls="ad-fact ad-note"),
        ],
        cls="ad-row",
        key=setting.key,
    )
