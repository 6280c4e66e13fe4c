"""What every request passes first: is it meant for this server, is it from a page of ours, may its sender do this.

A page of another site can make a browser send requests here; the Host and Origin headers give it away. Only the pages
of CORS_ORIGINS may read and send, and then with a key of their own, never with the browser's session.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from flask import Flask, Response, g, request

from app.api.errors import ApiError
from app.auth.admission import Admission
from app.auth.current import by_cookie
from app.settings import Settings

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_POLICY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    # What is not meant for everybody is kept by nobody; files of everybody say otherwise (app/static_files.py).
    "Cache-Control": "no-store",
}
_STATIC = ("/assets/", "/_dash-component-suites/", "/_favicon.ico")
_SHARED = ("/api/", "/v1/")
_CORS = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, X-Request-ID",
    "Access-Control-Max-Age": "600",
}


def is_local(host: str) -> bool:
    """Whether a Host header names this machine itself (a name that resolves here may be another site's)."""
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def content_policy(scripts: Iterable[str]) -> str:
    """The Content-Security-Policy of pages: own files only, and the inline `scripts` with these hashes."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' {' '.join(scripts)}",
            "style-src 'self' 'unsafe-inline'",  # plotly writes styles into its charts
            "img-src 'self' data: blob:",
            "connect-src 'self'",
            "font-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


def register(server: Flask, settings: Settings, admission: Admission, policy: Callable[[], str]) -> None:
    """Check every request before anything else sees it; `policy` gives the content policy of pages."""

    def check() -> Response | None:
        if not settings.is_public and not is_local(request.host):
            raise ApiError(403, "forbidden", "This server answers only to localhost and loopback addresses.")
        g.foreign = _is_foreign()
        if g.foreign and not _is_invited(settings):
            raise ApiError(403, "forbidden", "This request comes from another site.")
        if g.foreign and request.method == "OPTIONS":
            return Response(status=204, headers=_CORS)
        if _is_forged():
            raise ApiError(403, "forbidden", "A request that changes something and uses a session names its Origin.")
        return admission.check()

    server.before_request_funcs.setdefault(None, []).insert(0, check)

    @server.after_request
    def protect(response: Response) -> Response:
        for name, value in _POLICY.items():
            if name != "Cache-Control" or not request.path.startswith(_STATIC):
                response.headers.setdefault(name, value)
        if response.mimetype == "text/html":
            response.headers.setdefault("Content-Security-Policy", policy())
        if request.is_secure:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if response.status_code == 401:
            response.headers.setdefault("WWW-Authenticate", "Bearer")
        if settings.cors_origins and request.path.startswith(_SHARED):
            response.vary.add("Origin")
            if g.get("foreign") and _is_invited(settings):
                response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
                response.headers["Access-Control-Expose-Headers"] = "X-Request-ID, Retry-After"
        return response


def _is_foreign() -> bool:
    """Whether a page of another site sent this, or embeds it; it may link to our pages."""
    if request.method in _SAFE and (request.path == "/" or request.headers.get("Sec-Fetch-Dest") == "document"):
        return False
    origin = request.headers.get("Origin")
    other = origin is not None and origin.partition("://")[2] != request.host
    return other or request.headers.get("Sec-Fetch-Site") == "cross-site"


def _is_invited(settings: Settings) -> bool:
    origin = request.headers.get("Origin")
    return origin is not None and origin in settings.cors_origins and request.path.startswith(_SHARED)


def _is_forged() -> bool:
    """Whether it may be another site that uses the browser's session: browsers name the Origin of what they send."""
    unsafe = request.method not in _SAFE or request.headers.get("Upgrade", "").lower() == "websocket"
    named = "Origin" in request.headers or request.headers.get("Sec-Fetch-Site") == "same-origin"
    return unsafe and not named and by_cookie()
