"""The only wiring: settings in, a working app out. Nothing connects or starts at import."""

from __future__ import annotations

from dataclasses import dataclass

import numpy  # noqa: F401 - plotly imports it lazily, and two first requests at once failed on that
import pandas  # noqa: F401 - likewise
from dash import Dash
from flask import Flask
from flask_caching import Cache
from flask_compress import Compress
from prometheus_client import CollectorRegistry

from app import __version__, api, gate, live, observe, static_files
from app.api import realtime
from app.api.calls import MOST_BYTES
from app.pages import LIVE_PARTS, create_dash
from app.services import Services
from app.settings import Settings
from data.analytics import AnalyticCopy
from data.callers import CallerHash
from data.filters import CallFilter
from data.ingest import Ingest
from data.migrations import migrate
from data.queries.kpis import active_calls
from data.record import Record, RecordUnavailable
from data.times import now_micros
from monitoring.metrics import Metrics
from monitoring.system import SystemHistory


@dataclass(frozen=True, slots=True)
class App:
    """A wired app whose threads are not started yet (app/runtime.py does)."""

    server: Flask
    pages: Dash
    services: Services
    broadcaster: realtime.Broadcaster


def create_app(settings: Settings, registry: CollectorRegistry | None = None) -> App:
    """Open the stores and wire pages, API and metrics; raises RecordUnavailable where the record can't be opened."""
    server = Flask("voicehive", static_folder=None)
    server.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    services = _services(server, settings, registry)
    server.extensions["voicehive"] = services
    # Each puts its check first: the clock starts before the gate.
    gate.register(server, lambda: content_policy)
    observe.register(server, services)
    broadcaster = realtime.Broadcaster(services)
    realtime.register(server, broadcaster)
    api.register(server)
    live.register(server, services, LIVE_PARTS)
    pages = create_dash(
        server, services, on_callback_error=lambda error, reference: services.metrics.callback_errors.inc()
    )
    content_policy = gate.content_policy(pages.csp_hashes())
    # The last registered runs first: files are compressed by static_files, everything else by the library.
    server.config["COMPRESS_ALGORITHM"] = ["br", "gzip"]
    Compress(server)
    static_files.register(server, static_files.StaticFiles(settings.var_dir / "static"))
    return App(server, pages, services, broadcaster)


def _services(server: Flask, settings: Settings, registry: CollectorRegistry | None) -> Services:
    metrics = Metrics(registry or CollectorRegistry(), version=__version__)
    record = Record(settings.record_url)
    migrate(record)
    copy = AnalyticCopy(
        record,
        settings.var_dir / "analytics.duckdb",
        on_query=lambda name, seconds: metrics.query_seconds.labels(name).observe(seconds),
    )
    system = SystemHistory()
    services = Services(
        settings=settings,
        record=record,
        copy=copy,
        ingest=Ingest(record),
        metrics=metrics,
        system=system,
        cache=_cache(server, settings),
        hash_caller=CallerHash(settings.secret()),
    )
    services.ingest.on_applied = services.count
    _gauges(services)
    return services


def _cache(server: Flask, settings: Settings) -> Cache:
    if settings.redis_url:
        config: dict[str, object] = {
            "CACHE_TYPE": "RedisCache",
            "CACHE_REDIS_URL": settings.redis_url,
            "CACHE_KEY_PREFIX": "voicehive/",
        }
    else:
        config = {"CACHE_TYPE": "SimpleCache", "CACHE_THRESHOLD": 64}
    return Cache(server, config=config)


def _gauges(services: Services) -> None:
    """Metrics that are read when they are scraped."""
    metrics, system = services.metrics, services.system
    metrics.gauge("voicehive_active_calls", "Calls in progress.", lambda: _active(services))
    metrics.gauge(
        "voicehive_system_memory_usage_percent", "Memory in use, percent.", lambda: system.now().memory_percent
    )
    metrics.gauge("voicehive_system_cpu_usage_percent", "CPU in use, percent.", lambda: system.now().cpu_percent)
    metrics.gauge("voicehive_database_up", "1 if the call record answers.", lambda: float(_answers(services)))
    metrics.gauge(
        "voicehive_ingest_waiting_events", "Call events not yet committed.", lambda: float(services.ingest.waiting)
    )


def _active(services: Services) -> float:
    return float(active_calls(services.copy, CallFilter(), now=now_micros()))


def _answers(services: Services) -> bool:
    try:
        services.record.identity()
    except RecordUnavailable:
        return False
    return True
