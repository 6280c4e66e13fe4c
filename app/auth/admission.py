"""Each request meets the table of permissions before anything else looks at it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson
from flask import Response, redirect, request
from werkzeug.routing import Map, Rule

from app.addresses import as_sent
from app.api.errors import ApiError
from app.auth.current import current
from app.auth.permissions import CALLBACKS, PAGES, ROUTES, Need

_BROWSED = frozenset({"GET /", "GET /<path:path>", "GET /account"})


class Unlisted(RuntimeError):
    """Something can be asked for of which app/auth/permissions.py says nothing."""


class Admission:
    """Who may do what.

    `pages` are the names of those that refresh, `page_name` gives the page at a path, `callbacks` are those of Dash by
    their ids, `refusal` is what a page says to who may not see it.
    """

    def __init__(
        self,
        pages: Collection[str],
        page_name: Callable[[str], str | None],
        callbacks: Callable[[], Mapping[str, Any]],
        refusal: Callable[[], Response],
    ) -> None:
        self._pages = pages
        self._page_name = page_name
        self._callbacks = callbacks
        self._refusal = refusal

    def check(self) -> Response | None:
        """Let the request being served pass (None), or answer it; raises ApiError (401, 403)."""
        rule = request.url_rule
        # No route: 404 or 405. OPTIONS: Flask itself tells the methods.
        if rule is None or (request.method == "OPTIONS" and getattr(rule, "provide_automatic_options", False)):
            return None
        needs = self._needs(rule)
        if needs is None:
            raise ApiError(403, "forbidden", "Nobody may do this.")
        if needs == {Need.OPEN}:
            return None
        who, browsed = current(), route_name(rule, request.method) in _BROWSED
        if who is not None and who.view is not None and (own := self._own_page(who.view, browsed)):
            return own
        if who is None and browsed:
            target = as_sent(request.environ)
            return redirect(f"/login?{urlencode({'next': target})}" if target != "/" else "/login")  # type: ignore[return-value]
        if who is None:
            raise ApiError(401, "unauthorized", "Sign in, or send an API key or access token as a bearer token.")
        if all(who.may(need) for need in needs):
            return None
        if browsed:
            return self._refusal()
        raise ApiError(403, "forbidden", f"{who.name} may not do this: it takes {' and '.join(sorted(needs))}.")

    def _own_page(self, view: str, browsed: bool) -> Response | None:
        """The way back, where a wall screen asks for another page than its own; raises ApiError (403)."""
        own = urlsplit(view)
        asked = [(name, value) for name, value in request.args.items(multi=True)]
        if browsed and (request.path, asked) != (own.path, parse_qsl(own.query, keep_blank_values=True)):
            return redirect(view)  # type: ignore[return-value]
        refreshed = (request.view_args or {}).get("page")
        if refreshed not in (None, self._page_name(own.path)):
            raise ApiError(403, "forbidden", "A wall screen shows one page only.")
        return None

    def _needs(self, rule: Rule) -> set[Need] | None:
        need = ROUTES.get(route_name(rule, request.method))
        if need is Need.OF_PAGE:
            name = self._page()
            need = PAGES.get(name) if name else Need.READ  # that there is no such page is no secret
        if need is Need.OF_CALLBACK:
            return self._needs_of_callback()
        return None if need is None else {need}

    def _page(self) -> str | None:
        """The name of the page that is asked for, or refreshed; None if there is none."""
        refreshed = (request.view_args or {}).get("page")
        if refreshed is None:
            return self._page_name(request.path)
        return refreshed if refreshed in self._pages else None

    def _needs_of_callback(self) -> set[Need] | None:
        try:
            name = orjson.loads(request.get_data())["output"]
            callback = self._callbacks().get(name)
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return {Need.READ}  # it can't be read: Dash says so to whoever is signed in
        return {Need.READ} if callback is None else needs_of_callback(name, callback)


def route_name(rule: Rule, method: str) -> str:
    """The key of a route in ROUTES."""
    return f"{'GET' if method == 'HEAD' else method} {rule.rule}"


def needs_of_callback(name: str, callback: Mapping[str, Any]) -> set[Need] | None:
    """What a callback asks: all that is asked for what it changes; None if something of it is not listed."""
    found = {CALLBACKS.get(component) for component in components_of(name, callback)}
    return None if None in found else {need for need in found if need is not None}


def components_of(name: str, callback: Mapping[str, Any]) -> set[str]:
    """The components that a callback changes or, if there are none, those that set it off."""
    if callback.get("no_output"):
        ids = [str(one["id"]) for one in callback["inputs"]]
    elif name.startswith(".."):
        ids = [part.rsplit(".", 1)[0] for part in name[2:-2].split("...")]
    else:
        ids = [name.rsplit(".", 1)[0]]
    plain = [one.replace("\\.", ".") for one in ids]
    return {str(orjson.loads(one)["type"]) if one.startswith("{") else one for one in plain}


def demand_listed(routes: Map, pages: Iterable[str], callbacks: Mapping[str, Any]) -> None:
    """Raise Unlisted where something exists that the tables do not know."""
    missing = [
        f"ROUTES: {route_name(rule, method)}"
        for rule in routes.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        if route_name(rule, method) not in ROUTES
    ]
    missing += [f"PAGES: {name}" for name in pages if name not in PAGES]
    # A callback of the browser has no function here, and can't be called.
    missing += [
        f"CALLBACKS: {component}"
        for name, callback in callbacks.items()
        if "callback" in callback
        for component in sorted(components_of(name, callback) - CALLBACKS.keys())
    ]
    if missing:
        raise Unlisted(f"app/auth/permissions.py does not list {'; '.join(missing)}")
