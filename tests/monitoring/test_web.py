"""Flask apps: which route a request counts for, and that the app itself answers as before."""

from __future__ import annotations

import pytest
from flask import Flask, abort, g

from monitoring import web


@pytest.fixture
def counted() -> list[tuple[str, str, int]]:
    return []


@pytest.fixture
def app(counted: list[tuple[str, str, int]]) -> Flask:
    app = Flask(__name__)
    web.add_page(app, "/metrics", lambda accept: (b"figures", "text/plain"))
    web.measure(app, lambda *given: counted.append(given[:3]), skip=("/assets/",))

    @app.before_request
    def name_like_ours() -> None:
        g.started = "yesterday"

    @app.route("/calls/<int:number>", methods=["GET", "POST"])
    def call(number: int) -> str:
        return str(1 // number)

    @app.get("/assets/<name>")
    @app.get("/metrics-of/<name>")
    def other(name: str) -> str:
        return name

    @app.get("/gone")
    def gone() -> str:
        abort(410)

    return app


@pytest.mark.parametrize(
    ("method", "path", "status", "endpoint"),
    [
        ("GET", "/calls/7", 200, "/calls/<int:number>"),
        ("POST", "/calls/7", 200, "/calls/<int:number>"),
        ("GET", "/calls/0", 500, "/calls/<int:number>"),
        ("GET", "/gone", 410, "/gone"),
        ("GET", "/metrics-of/7", 200, "/metrics-of/<name>"),
        ("GET", "/nowhere/7", 404, "unknown"),
        ("POST", "/gone", 405, "unknown"),
    ],
)
def test_a_request_counts_for_its_route(
    app: Flask, counted: list[tuple[str, str, int]], method: str, path: str, status: int, endpoint: str
) -> None:
    assert app.test_client().open(path, method=method).status_code == status
    assert counted == [(method, endpoint, status)]


def test_a_path_without_a_route_does_not_name_its_method(app: Flask, counted: list[tuple[str, str, int]]) -> None:
    app.test_client().open("/nowhere", method="BREW")
    assert counted == [("other", "unknown", 404)]


def test_the_metrics_page_and_what_is_skipped_are_not_counted(app: Flask, counted: list[tuple[str, str, int]]) -> None:
    client = app.test_client()
    assert client.get("/metrics").data == b"figures"
    assert client.get("/assets/a.css").data == b"a.css"
    assert counted == []
