"""The HTML page that loads everything: own files only, the theme set before anything is painted."""

from __future__ import annotations

import json
import re
from functools import cached_property
from pathlib import Path

import dash

from app.theme import DARK, LIGHT, TEMPLATE, css

#: In the order of the cascade.
STYLES = (
    "vendor/bootstrap.min.css",
    *(
        f"voicehive/{n}.css"
        for n in (
            "icons",
            "base",
            "layout",
            "cards",
            "filters",
            "analysis",
            "doors",
            "calls",
            "alerts",
            "backtest",
            "admin",
            "reports",
        )
    ),
)

#: Scripts of Dash that only cost time: a polyfill for browsers of 2015 (all that is used of it lies in assets/vendor)
#: and a table that no page shows.
_NEEDLESS = ("/deps/polyfill@", "/dash_table/")
#: A third of a megabyte that only the table of calls needs: loaded when it is shown (assets/voicehive/calls.js).
_LATER = "/dash_ag_grid/"


class Site(dash.Dash):
    """Dash with an index page of our own."""

    def interpolate_index(self, **parts: str) -> str:  # type: ignore[override]
        """The page; the skeleton in it is replaced when Dash has started."""
        lines = parts.pop("scripts").splitlines()
        later = "".join(re.findall(rf'src="([^"]*{_LATER}[^"]*)"', "".join(lines)))
        scripts = "\n".join(line for line in lines if not any(name in line for name in (*_NEEDLESS, _LATER)))
        return _PAGE.format(
            head=self.head, skeleton=_SKELETON, template=self._template, grid=later, scripts=scripts, **parts
        )

    @cached_property
    def head(self) -> str:
        """What belongs into the head of every HTML page: the theme before anything is painted, styles, icon."""
        links = [f'<link rel="stylesheet" href="{self._versioned(name)}">' for name in STYLES]
        script = f'<script src="{self._versioned("voicehive/theme.js")}"></script>'
        icon = f'<link rel="icon" type="image/svg+xml" href="{self._versioned("mark.svg")}">'
        return "\n".join([script, icon, f"<style>{css()}</style>", *links])

    @cached_property
    def _template(self) -> str:
        return json.dumps(TEMPLATE, separators=(",", ":")).replace("</", "<\\/")

    def _versioned(self, name: str) -> str:
        changed = int((Path(self.config.assets_folder) / name).stat().st_mtime)
        return f"{self.get_asset_url(name)}?m={changed}"


_SKELETON = (
    '<div class="vh-boot" aria-hidden="true"><div class="vh-nav"><span class="vh-brand">'
    '<span class="vh-mark"></span>VoiceHive</span></div><div class="vh-main">'
    '<div class="vh-grid vh-kpis">'
    + '<div class="vh-card vh-kpi"></div>' * 8
    + '</div><div class="vh-grid"><div class="vh-card vh-span-8 vh-tall"></div>'
    + '<div class="vh-card vh-span-4 vh-tall"></div></div></div></div>'
)

_PAGE = f"""<!DOCTYPE html>
<html lang="en">
<head>
{{metas}}
<meta name="theme-color" content="{LIGHT["page"]}" media="(prefers-color-scheme: light)">
<meta name="theme-color" content="{DARK["page"]}" media="(prefers-color-scheme: dark)">
<meta name="description" content="Analytics and monitoring of phone calls">
<title>{{title}}</title>
{{head}}
{{css}}
</head>
<body data-grid-script="{{grid}}">
<div id="react-entry-point">{{skeleton}}</div>
<noscript>VoiceHive needs JavaScript to draw its charts.</noscript>
<script type="application/json" id="vh-template">{{template}}</script>
<footer>
{{config}}
{{scripts}}
{{renderer}}
</footer>
</body>
</html>"""
