"""Starts and stops what runs beside the requests: exporter, sampler, writer, real-time sender, simulator."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from prometheus_client import GCCollector, PlatformCollector, ProcessCollector, start_http_server
from sqlalchemy import func, select

from alerts.config import ConfigError
from app import __version__
from app.auth.scraping import ScrapeDoor
from app.factory import App
from app.observe import describe_outgoing
from app.services import Services
from app.settings import is_loopback
from app.settings_shown import changes_since_last_start
from data.access.audit import append
from data.demo.simulator import Simulator
from data.deployments import note_version
from data.lost import LostCalls
from data.models import Status, calls
from data.record import RecordFull, RecordUnavailable
from data.retention import Retention
from data.samples.sampler import Sampler
from data.times import DAY, now_micros
from data.watch import Watch
from monitoring.logs import send_logs
from monitoring.tracing import Tracing, instrument_clients, instrument_engine

_DEMO_CALLS_PER_MINUTE = 2.0
#: Agents who took a call in the last week; of more only the busiest have names of their own in metrics.
_LATELY, _MOST_AGENTS = 7 * DAY, 50


class Runtime:
    """The threads of one process, stopped in the opposite order of their start."""

    def __init__(self, app: App, *, demo: bool = False) -> None:
        self._app = app
        self._demo = demo
        self._stops: list[Callable[[], object]] = []

    def start(self) -> None:
        """Start everything; returns when the app can serve."""
        services, settings = self._app.services, self._app.services.settings
        tracing = Tracing(
            service="voicehive",
            version=__version__,
            jaeger_host=settings.jaeger_host,
            jaeger_port=settings.jaeger_port,
            lose=services.metrics.lost.labels("span").inc,
        )
        tracing.start()
        stop_logs = send_logs("voicehive", __version__, services.metrics.lost.labels("log").inc)
        # A collector that hangs takes its second from both at once.
        self._stops.append(lambda: _at_once(stop_logs, tracing.stop))
        if tracing.sends:
            # It imports half of the ORM: 7 MB.
            instrument_engine(services.record.engine)
        # Ours is httpx; to import the other one for nothing costs 8 MB.
        instrument_clients(describe_outgoing, ["httpx"])
        note_version(services.record, __version__, settings.environment)
        _note_settings(services)
        watch = Watch(services.record)
        self._run(watch.start, watch.stop)
        self._run(services.system.start, services.system.stop)
        self._run(services.ingest.start, services.ingest.stop)
        if self._demo:
            self._start_simulator()
        services.copy.sync()
        expect_agents(services)
        lost = LostCalls(services.copy, services.ingest)
        self._run(lost.start, lost.stop)
        retention = Retention(
            services.record, settings.retention, lambda kind, rows: _note_deleted(services, kind, rows)
        )
        self._run(retention.start, retention.stop)
        self._run(self._app.broadcaster.start, self._app.broadcaster.stop)
        self._start_exporter()
        self._start_sampler()

    def stop(self) -> None:
        """Stop everything; what is queued is written first."""
        for stop in reversed(self._stops):
            stop()
        self._app.services.copy.close()
        self._app.services.record.close()

    def reload(self) -> None:
        """Take the rules and the routes as their files are now; a bad file keeps what was there, and says so."""
        for part in (self._app.services.rules, self._app.services.notifier):
            with contextlib.suppress(ConfigError):
                part.reload()
        with contextlib.suppress(RecordUnavailable, RecordFull):
            append(self._app.services.record, "signal", "files of rules and routes reloaded", "alerts")

    def _run(self, start: Callable[[], object], stop: Callable[[], object]) -> None:
        start()
        self._stops.append(stop)

    def _start_exporter(self) -> None:
        services = self._app.services
        registry = services.metrics.registry
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=registry)
        settings = services.settings
        server, thread = start_http_server(
            settings.prometheus_port,
            settings.prometheus_host,
            registry,
            certfile=_path(settings.tls_cert_file),
            keyfile=_path(settings.tls_key_file),
        )
        if not is_loopback(settings.prometheus_host):
            server.set_app(ScrapeDoor(server.get_app(), services.access))  # type: ignore[arg-type]
        self._stops += [lambda: thread.join(timeout=2), server.server_close, server.shutdown]

    def _start_sampler(self) -> None:
        services, settings = self._app.services, self._app.services.settings
        sampler = Sampler(services.samples, services.metrics.registry, settings.exporter, settings.scrape_targets)
        self._run(sampler.start, sampler.stop)
        self._run(services.lease.start, services.lease.stop)
        self._run(services.notifier.start, services.notifier.stop)
        self._run(services.reports.scheduler.start, services.reports.scheduler.stop)
        for part in (services.relay, services.remote):
            if part is not None:
                self._run(part.start, part.stop)
        # After the samples of the last run were taken back: the rules' windows reach into them.
        self._run(services.rules.start, services.rules.stop)

    def _start_simulator(self) -> None:
        self._stops.append(start_simulator(self._app.services).stop)


def _note_deleted(services: Services, kind: str, rows: int) -> None:
    services.metrics.retired.labels(kind).inc(rows)
    if rows:
        append(services.record, "retention", "retention run", kind, after={"rows": rows})


def _note_settings(services: Services) -> None:
    """A line of the audit log where somebody has changed settings since the last start."""
    before, after = changes_since_last_start(services.settings)
    if after:
        append(services.record, "start", "settings changed", ", ".join(after), before=before, after=after)


def _at_once(*actions: Callable[[], object]) -> None:
    with ThreadPoolExecutor() as threads:
        for action in actions:
            threads.submit(action)


def _path(file: Path | None) -> str | None:
    return None if file is None else str(file)


def expect_agents(services: Services) -> None:
    """Begin the counters of the agents that are at work at 0: else the first calls after a start would not count."""
    lately = calls.c.started_at >= now_micros() - _LATELY
    busy = select(calls.c.agent).where(lately, calls.c.agent.is_not(None)).group_by(calls.c.agent)
    for agent in services.copy.frame(busy.order_by(func.count().desc()).limit(_MOST_AGENTS), "busy_agents")["agent"]:
        services.metrics.expect_agent(agent)


def start_simulator(services: Services) -> Simulator:
    """Start live calls; those that an earlier run left open come to their ends."""
    unfinished = select(calls.c.call_id, calls.c.started_at).where(calls.c.status == Status.IN_PROGRESS)
    left = services.copy.frame(unfinished.where(calls.c.source == "demo"), "open_calls")
    simulator = Simulator(
        services.ingest.write, hash_caller=services.hash_caller, calls_per_minute=_DEMO_CALLS_PER_MINUTE
    )
    simulator.start((call_id, int(started_at)) for call_id, started_at in left.to_numpy().tolist())
    return simulator
