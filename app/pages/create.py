"""The Dash object: assets, index page, router and error handler."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dash
import flask
from dash import ClientsideFunction, Input, Output, State

from app.addresses import as_sent
from app.api.errors import request_id
from app.pages.index import Site
from app.pages.render import place_at, rendered, whole
from app.pages.table import PAGES, page_name
from app.shell import INTERVAL, PAGE, TOAST, URL
from monitoring.tracing import mark_failed

if TYPE_CHECKING:
    from app.services import Services

log = logging.getLogger(__name__)

ASSETS = Path(__file__).resolve().parents[2] / "assets"

ErrorHook = Callable[[Exception, str], None]


def create_dash(server: flask.Flask, services: Services, *, on_callback_error: ErrorHook | None = None) -> dash.Dash:
    """Serve the pages on `server`. `on_callback_error(error, reference)` is told of every callback that failed."""
    pages = Site(
        "voicehive",
        server=server,  # type: ignore[arg-type]
        assets_folder=str(ASSETS),
        assets_ignore=r"^(theme\.js|.*\.css)$",
        pages_folder="",
        use_pages=False,
        title="VoiceHive",
        update_title="",
        suppress_callback_exceptions=True,
        prevent_initial_callbacks=True,
        on_error=_error_handler(on_callback_error),
        compress=False,
    )
    pages.layout = lambda: whole(services)
    _say_what_is_missing(server)
    _refresh(pages)
    _router(pages, services)
    for page in PAGES:
        page.register(pages)
    return pages


def _say_what_is_missing(server: flask.Flask) -> None:
    """The frame comes for every address; where there is no page, programs hear of it, too."""

    @server.after_request
    def mark(response: flask.Response) -> flask.Response:
        rule = flask.request.url_rule
        anywhere = rule is not None and rule.rule == "/<path:path>"
        if anywhere and response.status_code == 200:
            path = as_sent(flask.request.environ).partition("?")[0]
            response.status_code = 200 if page_name(path) else 404
        return response


def _refresh(pages: dash.Dash) -> None:
    """The beat of the live refresh: no Output, so a slow answer can't hold it up."""
    pages.clientside_callback(ClientsideFunction("voicehive", "beat"), Input(INTERVAL, "n_intervals"))


def _router(pages: dash.Dash, services: Services) -> None:
    @pages.callback(Output(PAGE, "children"), Input(URL, "pathname"), State(URL, "search"), prevent_initial_call=True)
    def show(path: str | None, search: str | None) -> Any:
        content, _ = rendered(place_at(path or "/", (search or "").removeprefix("?")), services)
        return content


def _error_handler(hook: ErrorHook | None) -> Callable[[Exception], Any]:
    def handle(error: Exception) -> Any:
        reference = request_id()
        mark_failed(error)
        log.error("a callback failed", exc_info=error)
        if hook is not None:
            hook(error, reference)
        text = f"This could not be done. The rest of the page works on. Reference {reference}."
        dash.set_props(TOAST, {"is_open": True, "children": text})
        return None

    return handle
