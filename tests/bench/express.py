"""The usual way: a Dash page whose charts are made by plotly.express at each request.

`python -m tests.bench.express PORT` serves it as the program itself is served; its data are in memory already.
"""

from __future__ import annotations

import sys
from typing import Any

import dash
import numpy as np
import pandas as pd
import plotly.express as px
import plotly.io as pio
from flask import Flask, Response
from flask_compress import Compress
from gunicorn.app.base import BaseApplication

_BUCKETS = 48
_STATUSES = ("success", "error", "abandoned", "missed", "voicemail", "in_progress")
_THREADS = 128


def _frames() -> dict[str, pd.DataFrame]:
    """As many points as the overview draws."""
    rng = np.random.default_rng(1)
    hours = pd.date_range("2026-01-01", periods=_BUCKETS, freq="30min")

    def long(names: tuple[str, ...], top: int) -> pd.DataFrame:
        columns = {name: rng.integers(0, top, _BUCKETS) for name in names}
        return pd.DataFrame({"time": hours, **columns}).melt("time", var_name="name")

    return {
        "volume": long(_STATUSES, 40),
        "durations": long(("p50", "p95", "p99"), 900),
        "response": long(("p50", "p95"), 100),
        "load": long(("cpu", "memory"), 100),
    }


_FRAMES = _frames()


def figures() -> list[Any]:
    """The overview's four charts."""
    return [
        px.bar(_FRAMES["volume"], x="time", y="value", color="name"),
        *(px.line(_FRAMES[name], x="time", y="value", color="name") for name in ("durations", "response", "load")),
    ]


def application() -> Flask:
    """The page at / and its refresh at /refresh."""
    server = Flask(__name__)
    Compress(server)
    page = dash.Dash(__name__, server=server)  # type: ignore[arg-type]
    page.layout = lambda: dash.html.Div([dash.dcc.Graph(figure=figure) for figure in figures()])

    @server.get("/refresh")
    def refresh() -> Response:
        body = "[" + ",".join(str(pio.to_json(figure)) for figure in figures()) + "]"
        return Response(body, mimetype="application/json")

    return server


class _Server(BaseApplication):
    def __init__(self, port: int) -> None:
        self._port = port
        super().__init__()

    def load_config(self) -> None:
        options = {
            "bind": f"127.0.0.1:{self._port}",
            "worker_class": "gthread",
            "workers": 1,
            "threads": _THREADS,
            "loglevel": "warning",
            "control_socket_disable": True,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return application()


if __name__ == "__main__":
    _Server(int(sys.argv[1])).run()
