"""ASGI apps: which route a request counts for, and that the app itself answers as before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from monitoring.asgi import Measured

Counted = list[tuple[str, str, int]]


async def answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse("fine")


def fastapi() -> FastAPI:
    app, shop, orders, below = FastAPI(), APIRouter(prefix="/shop"), APIRouter(prefix="/orders"), FastAPI()
    for target, path in ((app, "/calls/{call}"), (orders, "/{order}"), (below, "/items/{item}")):
        target.add_api_route(path, lambda: "fine")
    shop.include_router(orders)
    app.include_router(shop, prefix="/v1")
    app.mount("/tenants/{tenant}", below)
    return app


def starlette() -> Starlette:
    inner = Mount("/tenants/{tenant}", routes=[Route("/items/{item:int}", answer)])
    return Starlette(routes=[Route("/calls/{call}", answer), inner])


def ask(app: Any, method: str, path: str, *, page: str | None = None) -> tuple[int, Counted]:
    """The status of an answer, and what was counted for the request."""
    counted: Counted = []
    measured = Measured(app, lambda *given: counted.append(given[:3]), lambda accept: (b"metrics", "text/plain"), page)

    async def send() -> int:
        transport = httpx.ASGITransport(measured, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://backend") as client:
            return (await client.request(method, path)).status_code

    return asyncio.run(send()), counted


@pytest.mark.parametrize(
    ("app", "path", "route"),
    [
        (fastapi, "/calls/7", "/calls/{call}"),
        (fastapi, "/v1/shop/orders/7", "/v1/shop/orders/{order}"),
        (fastapi, "/tenants/4/items/4", "/tenants/{tenant}/items/{item}"),
        (fastapi, "/docs", "/docs"),
        (starlette, "/calls/7", "/calls/{call}"),
        (starlette, "/tenants/acme/items/4", "/tenants/{tenant}/items/{item:int}"),
    ],
)
def test_a_request_counts_for_the_whole_pattern_of_its_route(app: Callable[[], Any], path: str, route: str) -> None:
    assert ask(app(), "GET", path) == (200, [("GET", route, 200)])


@pytest.mark.parametrize("app", [fastapi, starlette])
def test_a_path_without_a_route_is_not_named_and_nor_is_its_method(app: Callable[[], Any]) -> None:
    assert ask(app(), "GET", "/nothing/7") == (404, [("GET", "unknown", 404)])
    assert ask(app(), "BREW", "/coffee") == (404, [("other", "unknown", 404)])


def test_below_a_mount_a_path_without_a_route_counts_for_the_mount() -> None:
    assert ask(starlette(), "GET", "/tenants/acme/nothing/7") == (404, [("GET", "/tenants/{tenant}", 404)])


def test_a_wrong_method_counts_for_its_route() -> None:
    assert ask(starlette(), "POST", "/calls/7") == (405, [("POST", "/calls/{call}", 405)])


async def plain(scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
    await send({"type": "http.response.start", "status": 202, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def test_a_plain_application_is_counted_without_routes() -> None:
    assert ask(plain, "GET", "/any/thing") == (202, [("GET", "unknown", 202)])


def test_a_failure_before_the_answer_counts_as_500_and_goes_on() -> None:
    async def failing(scope: Any, receive: Any, send: Any) -> None:
        raise LookupError("away")

    assert ask(failing, "GET", "/any") == (500, [("GET", "unknown", 500)])


def test_the_metrics_page_is_served_and_not_counted() -> None:
    assert ask(plain, "GET", "/metrics", page="/metrics") == (200, [])
    assert ask(plain, "POST", "/metrics", page="/metrics") == (202, [("POST", "unknown", 202)])
    assert ask(plain, "GET", "/metrics") == (202, [("GET", "unknown", 202)])
