"""Colours and type, once: the page's CSS variables and the charts' look are both made from here.

Figures name colours as `var(--vh-...)`. assets/voicehive/charts.js puts in what the variables stand for, so a change of
theme needs no server; where there is no browser (pictures, reports) `painted` does the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Every status has one colour on every page. They differ in lightness too, so that grey and colour-blind eyes tell them
#: apart; text on the surface reaches 4.5:1 and graphics 3:1 in both themes (tests/app/test_figures.py).
LIGHT: Mapping[str, str] = {
    "page": "#f5f6f8",
    "surface": "#ffffff",
    "raised": "#ffffff",
    "hover": "#eef1f5",
    "border": "#e1e5ea",
    "grid": "#e9ecf0",
    "axis": "#c4cad3",
    "text": "#18202c",
    "muted": "#566071",
    "accent": "#2563c9",
    "accent-soft": "#e6eefb",
    "on-accent": "#ffffff",
    "success": "#0d9384",
    "error": "#cf3f1d",
    "abandoned": "#b87a00",
    "missed": "#5b6b82",
    "voicemail": "#7a55c7",
    "in_progress": "#2a7de1",
    "previous": "#4a5361",
    "seq-1": "#1d4f9e",
    "seq-2": "#2a7de1",
    "seq-3": "#6891cb",
    "series-b": "#a8438c",
    "band": "rgba(42,125,225,.14)",
    "heat": "#6592db",
    "cat-1": "#1d4f9e",
    "cat-2": "#a8438c",
    "cat-3": "#8a6a00",
    "cat-4": "#00798c",
    "cat-5": "#9c4a1f",
    "cat-6": "#4f7a1c",
    "cat-7": "#5a4fcf",
    "cat-8": "#b3395f",
    "good-text": "#08695e",
    "bad-text": "#b23314",
    "warn-text": "#855600",
    "warn-soft": "#fdf3dc",
    "bad-soft": "#fdebe6",
    "good-soft": "#e2f4f1",
}
DARK: Mapping[str, str] = {
    "page": "#0e1218",
    "surface": "#161b23",
    "raised": "#1d242e",
    "hover": "#222a35",
    "border": "#28313d",
    "grid": "#232b36",
    "axis": "#3b4654",
    "text": "#e7ebf1",
    "muted": "#9ba6b5",
    "accent": "#6ea8fe",
    "accent-soft": "#1b2c47",
    "on-accent": "#0b1524",
    "success": "#2fb5a3",
    "error": "#f2714f",
    "abandoned": "#e3a73a",
    "missed": "#7e8da4",
    "voicemail": "#a88cf0",
    "in_progress": "#58a0f7",
    "previous": "#c3cbd6",
    "seq-1": "#9cc4ff",
    "seq-2": "#58a0f7",
    "seq-3": "#4a77b8",
    "series-b": "#dd7fc0",
    "band": "rgba(88,160,247,.18)",
    "heat": "#3c69a8",
    "cat-1": "#8ab4f8",
    "cat-2": "#e08bc8",
    "cat-3": "#cdb04e",
    "cat-4": "#4cc2d6",
    "cat-5": "#e09a6f",
    "cat-6": "#a3c65c",
    "cat-7": "#aca0f5",
    "cat-8": "#f28da6",
    "good-text": "#4fd0be",
    "bad-text": "#ff8f70",
    "warn-text": "#f0bd5e",
    "warn-soft": "#33290f",
    "bad-soft": "#3a1c14",
    "good-soft": "#0f302c",
}
THEMES: Mapping[str, Mapping[str, str]] = {"light": LIGHT, "dark": DARK}

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'

#: Bootstrap's own variables that follow ours, so that its components need no second palette.
_BOOTSTRAP = {
    "body-bg": "page",
    "body-color": "text",
    "secondary-color": "muted",
    "tertiary-bg": "hover",
    "border-color": "border",
    "link-color": "accent",
    "card-bg": "surface",
    "primary": "accent",
}


def colour(name: str) -> str:
    """A colour of the theme, by reference: what figures and styles carry."""
    return f"var(--vh-{name})"


def time_ticks(*, years: bool = False, hours: bool = False) -> list[dict[str, Any]]:
    """Labels of a time axis by the distance of its ticks; the second line is written where it changes.

    `years`: with the year. `hours`: what is drawn is shorter than a day, so ticks at days say at which hour they stand.
    """
    day = "%d %b %Y" if years else "%d %b"
    days = f"%H:%M\n{day}" if hours else "%d %b\n%Y" if years else "%d %b"
    return [
        {"dtickrange": [None, 59_999], "value": f"%H:%M:%S\n{day}"},
        {"dtickrange": [60_000, 86_399_999], "value": f"%H:%M\n{day}"},
        {"dtickrange": [86_400_000, 2_500_000_000], "value": days},
        {"dtickrange": ["M1", None], "value": "%b\n%Y"},
    ]


def _axis() -> dict[str, Any]:
    return {
        "gridcolor": colour("grid"),
        "linecolor": colour("axis"),
        "zeroline": False,
        "tickfont": {"size": 11, "color": colour("muted")},
        "automargin": True,
        # Room for every label is made by automargin; looking for those that overflow measures each of them again.
        "ticklabeloverflow": "allow",
        "fixedrange": False,
    }


#: How every chart looks. It is sent once with the page, not with each figure.
TEMPLATE: dict[str, Any] = {
    "layout": {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 12, "color": colour("text")},
        "margin": {"l": 8, "r": 10, "t": 8, "b": 8},
        "showlegend": False,
        "hovermode": "x unified",
        "hoverdistance": 40,
        "hoverlabel": {
            "bgcolor": colour("raised"),
            "bordercolor": colour("border"),
            "font": {"size": 12, "color": colour("text")},
        },
        "dragmode": "zoom",
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": colour("muted"), "activecolor": colour("text")},
        "barmode": "stack",
        "bargap": 0.18,
        "xaxis": {**_axis(), "showgrid": False, "showline": True, "ticks": "outside", "ticklen": 4,
                  "tickcolor": colour("axis"), "showspikes": False},
        "yaxis": {**_axis(), "rangemode": "tozero", "nticks": 6, "fixedrange": True},
    }
}  # fmt: skip

#: What the Plotly toolbar may do on every chart.
GRAPH_CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "displayModeBar": "hover",
    "responsive": True,
    # Only this one: among the default buttons is one that uploads the chart to a cloud.
    "modeBarButtons": [["resetScale2d"]],
    "plotlyServerURL": "",
    "doubleClick": "reset",
}


def css() -> str:
    """The custom properties of both themes as a style sheet."""
    light, dark = (_properties(theme) for theme in (LIGHT, DARK))
    bootstrap = "".join(f"--bs-{ours}:var(--vh-{name});" for ours, name in _BOOTSTRAP.items())
    both = f"--vh-font:{FONT};{bootstrap}"
    return f":root{{{light}{both}color-scheme:light}}[data-bs-theme=dark]{{{dark}{both}color-scheme:dark}}"


def _properties(theme: Mapping[str, str]) -> str:
    return "".join(f"--vh-{name}:{value};" for name, value in theme.items())


def painted(figure: Mapping[str, Any], theme: str = "light") -> dict[str, Any]:
    """The figure with the template and the theme's colours put in: for pictures made without a browser."""
    layout = {**figure.get("layout", {}), "template": TEMPLATE}
    names = {colour(name): value for name, value in THEMES[theme].items()}
    painted_figure: dict[str, Any] = _replaced({**figure, "layout": layout}, names)
    return painted_figure


def _replaced(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, Mapping):
        return {key: _replaced(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, names) for inner in value]
    return value
