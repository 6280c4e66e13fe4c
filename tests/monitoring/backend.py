"""Backends as their developers would write them: `python -m tests.monitoring.backend fastapi|flask PORT [PEER]`."""

from __future__ import annotations

import sys

from monitoring.instrumentation import get_instrumentation, setup_instrumentation


def serve_fastapi(port: int, peer: str) -> None:
    import httpx
    import uvicorn
    from fastapi import APIRouter, FastAPI

    app = FastAPI()
    setup_instrumentation(app)
    i = get_instrumentation()
    router = APIRouter(prefix="/orders")

    @router.get("/{order}")
    def order(order: int) -> dict[str, str]:
        with i.create_span("call_processing") as span:
            span.set_attribute("call_id", str(order))
            i.record_call_metrics(duration=4.2, status="success", agent="roxy")
            i.update_system_metrics(memory_usage=72.0, cpu_usage=35.0, active_calls=8)
            price = httpx.get(f"{peer}/prices/{order}").json()
        return {"traceparent": price["traceparent"]}

    @app.get("/boom")
    def boom() -> None:
        raise LookupError("no such order")

    app.include_router(router, prefix="/shop")
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


def serve_flask(port: int) -> None:
    import flask
    import requests
    from werkzeug.serving import make_server

    app = flask.Flask(__name__)
    setup_instrumentation(app)
    i = get_instrumentation()

    @app.get("/prices/<int:item>")
    def price(item: int) -> dict[str, str]:
        i.counter("priced_total", "Prices that were asked for.", ["kind"]).add(1, kind="book")
        return {"traceparent": flask.request.headers["traceparent"]}

    @app.get("/relay")
    def relay() -> dict[str, str]:
        return dict(requests.get(f"http://127.0.0.1:{port}/prices/7", timeout=5).json())

    @app.get("/boom")
    def boom() -> str:
        with i.create_span("charging"):
            raise LookupError("no such card")

    @app.get("/errors/metrics")
    def own() -> str:
        return "not the metrics page"

    make_server("127.0.0.1", port, app, threaded=True).serve_forever()


if __name__ == "__main__":
    if sys.argv[1] == "fastapi":
        serve_fastapi(int(sys.argv[2]), sys.argv[3])
    else:
        serve_flask(int(sys.argv[2]))
