"""The only wiring: settings in, a working app out. Nothing connects or starts at import."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy  # noqa: F401 - plotly imports it lazily, and two first requests at once failed on that
import pandas  # noqa: F401 - likewise
from dash import Dash
from flask import Flask
from flask_caching import Cache
from flask_compress import Compress
from prometheus_client import CollectorRegistry

from alerts.board import Board
from app import __version__, api, gate, limits, live, observe, static_files
from app.alerting import alerting
from app.answers import Answers
from app.api import realtime
from app.api.body import MOST_BYTES
from app.auth import links, oidc, screens
from app.auth import web as doors
from app.auth.access import Access
from app.auth.admission import Admission, demand_listed
from app.auth.proxies import TrustedProxies
from app.backtesting import Backtests
from app.pages import LIVE_PARTS, create_dash, page_name
from app.program import PROGRAM
from app.reports.service import Reports
from app.services import Services
from app.settings import Settings
from data.access.record_sessions import RecordSessions
from data.access.sessions import Sessions
from data.analytics import AnalyticCopy
from data.callers import CallerHash
from data.damage import damage, set_aside
from data.filters import CallFilter
from data.ingest import Ingest
from data.migrations import migrate
from data.queries.kpis import active_calls
from data.record import Record, RecordUnavailable
from data.samples.store import SampleStore
from data.sources.mapping import load_map
from data.sources.platforms import GENERIC, NAMES, PLATFORMS, generic
from data.times import now_micros
from data.traces.store import SpanStore
from monitoring.machinery import ServerMetrics
from monitoring.metrics import exemplar
from monitoring.system import SystemHistory
from monitoring.tracing import finished_span

log = logging.getLogger(__name__)


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
    # The id of a call may hold "//".
    server.url_map.merge_slashes = False
    services = _services(server, settings, registry)
    server.extensions["voicehive"] = services
    # Each puts its check first: the clock starts before the gate.
    admission = Admission(LIVE_PARTS, page_name, lambda: pages.callback_map, doors.refused)
    gate.register(server, settings, admission, lambda: content_policy)
    limits.register(server, settings)
    observe.register(server, services)
    broadcaster = realtime.Broadcaster(services)
    realtime.register(server, broadcaster)
    api.register(server)
    doors.register(server, lambda: pages.head, oidc.service_name(settings))
    server.register_blueprint(links.blueprint)
    server.register_blueprint(screens.blueprint)
    oidc.register(server, settings)
    live.register(server, services, LIVE_PARTS)
    pages = create_dash(
        server, services, on_callback_error=lambda error, reference: services.metrics.count_error("callback")
    )
    content_policy = gate.content_policy(pages.csp_hashes())
    # The last registered runs first: files are compressed by static_files, everything else by the library.
    server.config["COMPRESS_ALGORITHM"] = ["br", "gzip"]
    Compress(server)
    static_files.register(server, static_files.StaticFiles(settings.var_dir / "static"))
    server.wsgi_app = TrustedProxies(server.wsgi_app, settings.trusted_proxies)  # type: ignore[method-assign]
    demand_listed(server.url_map, LIVE_PARTS, pages.callback_map)
    return App(server, pages, services, broadcaster)


def _services(server: Flask, settings: Settings, registry: CollectorRegistry | None) -> Services:
    metrics = ServerMetrics(registry or CollectorRegistry(), version=__version__, platforms=NAMES)
    damaged = _make_way(settings)
    record = Record(settings.record_url)
    migrate(record, settings.backup_dir)
    sessions: Sessions = RecordSessions(record)
    cache_away: tuple[type[Exception], ...] = ()
    if settings.redis_url:
        # Here: 15 MB, for who has a Redis.
        from redis import RedisError

        from data.access.redis_sessions import RedisSessions

        sessions, cache_away = RedisSessions(record, settings.redis_url), (RedisError,)

    def queried(name: str, seconds: float) -> None:
        metrics.query_seconds.labels(name).observe(seconds, exemplar())
        finished_span(f"query {name}", seconds, {"db.system": "duckdb", "db.operation": name})

    field_map = load_map(settings.ingest_generic_map) if settings.ingest_generic_map else None
    copy = AnalyticCopy(record, settings.var_dir / "analytics.duckdb", on_query=queried)
    system = SystemHistory()
    samples = SampleStore(settings.samples_path)
    lease, rules, notifier, remote, relay = alerting(settings, record, samples)
    notifier.on_tried = lambda integration, outcome: metrics.notifications.labels(integration, outcome).inc()

    def judged(group: str, seconds: float, failures: int) -> None:
        metrics.rule_group_seconds.labels(group).observe(seconds)
        metrics.rule_failures.labels(group).inc(failures)

    rules.on_evaluated = judged
    reports = Reports(settings, record, copy, lease, notifier.outbox)
    reports.tell(lambda status: metrics.report_runs.labels(status.value).inc())
    services = Services(
        settings=settings,
        record=record,
        copy=copy,
        ingest=Ingest(record),
        spans=SpanStore(record),
        samples=samples,
        rules=rules,
        backtests=Backtests(settings, lambda query: copy.frame(query, "backtest"), samples),
        notifier=notifier,
        reports=reports,
        lease=lease,
        board=Board(record, rules, notifier, lambda: remote.alerts if remote is not None else ()),
        remote=remote,
        relay=relay,
        metrics=metrics,
        system=system,
        cache=_cache(server, settings, record),
        cache_away=cache_away,
        platforms=PLATFORMS | {GENERIC: generic(field_map)},
        hash_caller=CallerHash(settings.secret()),
        sessions=sessions,
        access=Access(record, sessions, settings.secret()),
        damaged=damaged,
        answers=Answers(on_result=lambda result: metrics.cache_requests.labels(result).inc()),
    )
    services.ingest.on_applied = services.count
    services.spans.on_dropped = metrics.spans.labels("dropped").inc
    _gauges(services)
    return services


def _make_way(settings: Settings) -> str:
    """Set the record in VAR_DIR aside where it is damaged: calls that come in now are not lost. What to tell of it."""
    path = settings.var_dir / "voicehive.db"
    found = damage(path) if not settings.database_url else None
    if found is None:
        return ""
    told = f"The call record was damaged ({found}) and is set aside: {set_aside(path, 'damaged')}. "
    told += f"Calls go to a new one. To bring back a backup, stop and type: {PROGRAM} restore DIR --force"
    log.error(told)
    return told


def _cache(server: Flask, settings: Settings, record: Record) -> Cache:
    if settings.redis_url:
        from data import redis_client

        config: dict[str, object] = {
            "CACHE_TYPE": "RedisCache",
            "CACHE_REDIS_URL": settings.redis_url,
            "CACHE_KEY_PREFIX": f"voicehive/{record.identity()}/",
            "CACHE_OPTIONS": dict(redis_client.OPTIONS),
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
    metrics.gauge(
        "voicehive_ingest_last_commit_timestamp_seconds",
        "When this process last stored calls, in seconds since 1970.",
        lambda: services.last_commit,
    )
    metrics.gauge(
        "voicehive_copy_lag_revisions",
        "Changes of the call record that the analytic copy has not pulled yet.",
        lambda: float(services.copy.lag()),
    )
    metrics.gauge(
        "voicehive_lease_held", "1 if this instance judges alerts and sends.", lambda: float(services.lease.held)
    )
    metrics.gauge(
        "voicehive_outbox_messages",
        "Messages that are not handed over yet.",
        lambda: float(services.notifier.waiting()[0]),
    )
    metrics.gauge(
        "voicehive_outbox_oldest_seconds",
        "Age of the oldest of them, 0 if there is none.",
        lambda: services.notifier.waiting()[1],
    )
    metrics.gauge(
        "voicehive_reports_failing",
        "Scheduled reports whose newest run failed.",
        lambda: float(services.reports.health().failing),
    )
    metrics.gauge(
        "voicehive_report_overdue_seconds",
        "For how long the latest scheduled report has been due, 0 if none is.",
        lambda: services.reports.health().overdue_seconds,
    )
    metrics.gauge("voicehive_copy_rows", "Calls in the analytic copy.", lambda: float(services.copy.rows()))


def _active(services: Services) -> float:
    return float(active_calls(services.copy, CallFilter(), now=now_micros()))


def _answers(services: Services) -> bool:
    try:
        services.record.identity()
    except RecordUnavailable:
        return False
    return True
