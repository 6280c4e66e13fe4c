"""Serve with gunicorn: one worker process with many threads; its master only watches it."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import signal
import socket
import ssl
import threading
from pathlib import Path
from typing import IO, Any

import click
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger

from app.demo import start_filling
from app.program import PROGRAM
from app.settings import Settings, SettingsError, in_url, is_loopback
from monitoring.logs import JsonFormatter, setup_logging

#: Each client of the real-time socket holds one; the others are for requests.
_THREADS = 256
#: How long a stop waits for running requests; the master kills a worker that then takes too long to write and close.
_GRACE_SECONDS, _KILL_SECONDS = 2, 4
#: gunicorn's codes for a worker that could not start: it stops its master instead of trying again for ever.
_BOOT_ERROR, _LOAD_ERROR = 3, 4


def check_address(settings: Settings) -> None:
    """Raise SettingsError where the app must not, or can't, listen."""
    _check_doors(settings)
    if settings.port == settings.prometheus_port:
        raise SettingsError("PROMETHEUS_PORT: must differ from PORT")
    for key, host, port in (
        ("PORT", settings.host, settings.port),
        ("PROMETHEUS_PORT", settings.prometheus_host, settings.prometheus_port),
    ):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with contextlib.closing(socket.socket(family)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise SettingsError(f"{key}: can't listen on {host}:{port} ({error.strerror})") from None


def _check_doors(settings: Settings) -> None:
    """Nobody gets in unasked, and no password goes over a wire in the clear."""
    if not settings.auth:
        if settings.environment == "production":
            raise SettingsError("AUTH: off only in development")
        for key, host in (("HOST", settings.host), ("PROMETHEUS_HOST", settings.prometheus_host)):
            if not is_loopback(host):
                raise SettingsError(f"{key}: {host} is no loopback address, and with AUTH off others could get in")
    if (settings.tls_cert_file is None) != (settings.tls_key_file is None):
        missing = "TLS_CERT_FILE" if settings.tls_cert_file is None else "TLS_KEY_FILE"
        raise SettingsError(f"{missing}: a certificate and its key go together")
    if settings.tls_cert_file is not None:
        _check_certificate(settings.tls_cert_file, settings.tls_key_file)
    elif not settings.is_loopback and not settings.trusted_proxies:
        raise SettingsError(
            f"HOST: {settings.host} is no loopback address; serve https (TLS_CERT_FILE, TLS_KEY_FILE), "
            "or name the proxy that does (TRUSTED_PROXIES)"
        )


def _check_certificate(certificate: Path, key: Path | None) -> None:
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    except OSError as error:  # what is wrong with the content is one, too
        raise SettingsError(f"TLS_CERT_FILE: can't serve with {certificate} and {key} ({error})") from None


def claim(var_dir: Path) -> IO[str]:
    """Hold VAR_DIR for this process and its children: two would take the analytic copy from each other."""
    try:
        var_dir.mkdir(parents=True, exist_ok=True)
        if var_dir.stat().st_uid == os.getuid():
            var_dir.chmod(0o700)  # an earlier version may have made it, with files for everybody in it
        claim = (var_dir / "serving.pid").open("a+")
    except OSError as error:
        raise SettingsError(f"VAR_DIR: can't write to {var_dir} ({error.strerror})") from None
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        claim.seek(0)
        raise SettingsError(f"VAR_DIR: {var_dir} is in use by process {claim.read().strip()}") from None
    claim.truncate(0)
    claim.write(str(os.getpid()))
    claim.flush()
    return claim


class _Logger(Logger):
    """What gunicorn has to say, in lines like our own."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.addFilter(_is_news)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonFormatter())


def _is_news(line: logging.LogRecord) -> bool:
    """Not that a worker ended which has said itself, in one line, why it can't start."""
    return not (isinstance(line.args, tuple) and line.args[1:] == (_LOAD_ERROR,))


class _Master(Arbiter):
    """Hands the signal for a reload on; gunicorn would start a second worker beside the first one."""

    def handle_hup(self) -> None:
        self.kill_workers(signal.SIGHUP)

    def halt(self, reason: str | None = None, exit_status: int = 0) -> None:
        """Stop; of a worker that has said why it can't start there is no more to tell."""
        self.log.error_log.disabled = exit_status == _LOAD_ERROR
        super().halt(reason, exit_status)


class _Server(BaseApplication):
    def __init__(self, settings: Settings, *, demo: bool) -> None:
        self._settings = settings
        self._demo = demo
        self._runtime: Any = None
        self._record: Any = None
        self._damaged = ""
        super().__init__()

    def run(self) -> None:
        _Master(self).run()

    def load_config(self) -> None:
        options = {
            "bind": f"{in_url(self._settings.host)}:{self._settings.port}",
            "worker_class": "app.worker.Worker",
            "workers": 1,
            "threads": _THREADS,
            "preload_app": False,
            "max_requests": 0,
            "graceful_timeout": _KILL_SECONDS,
            "keepalive": 75,
            "limit_request_line": 8190,
            "loglevel": "warning",
            "logger_class": _Logger,
            "control_socket_disable": True,
            "proc_name": "voicehive",
            "certfile": str(self._settings.tls_cert_file) if self._settings.tls_cert_file else None,
            "keyfile": str(self._settings.tls_key_file) if self._settings.tls_key_file else None,
            # Who is a proxy is for app/auth/proxies.py to say.
            "forwarded_allow_ips": "",
            "post_worker_init": self._started,
            "worker_exit": lambda server, worker: self._runtime and self._runtime.stop(),
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        # First of all, so that it runs beside the imports.
        filling = start_filling(self._settings) if self._demo else None
        from alerts.config import ConfigError
        from app.factory import create_app
        from app.observe import log_fields
        from app.runtime import Runtime
        from data.backup import BackupFailed
        from data.migrations import SchemaTooNew
        from data.record import RecordUnavailable

        setup_logging(add=log_fields)
        if filling:
            filling.await_schema()
        try:
            app = create_app(self._settings)
        except (RecordUnavailable, SchemaTooNew, BackupFailed) as error:
            reason = str(error).partition("\n")[0]
            if self._is_damaged():
                reason += f"; to bring back a backup type: {PROGRAM} restore DIR --force"
            click.echo(f"voicehive: DATABASE_URL: {reason}", err=True)
            raise SystemExit(_LOAD_ERROR) from None
        except ConfigError as error:
            click.echo(f"voicehive: {error}", err=True)
            raise SystemExit(_LOAD_ERROR) from None
        if filling:
            filling.await_first_calls(app.services.copy)
        self._record, self._damaged = app.services.record, app.services.damaged
        self._runtime = Runtime(app, demo=self._demo)
        self._runtime.start()
        if filling:
            filling.go_on()
        return app.server

    def _is_damaged(self) -> bool:
        """A file that DATABASE_URL names is not set aside: it may be anything."""
        from data.damage import damage

        kind, _, path = self._settings.database_url.partition(":///")
        return kind == "sqlite" and damage(Path(path)) is not None

    def _started(self, worker: Any) -> None:
        from data.access.setup import new_link
        from data.access.users import has_users

        worker.cfg.set("graceful_timeout", _GRACE_SECONDS)
        # In a thread: the signal may have interrupted whoever holds a lock that a reload needs.
        signal.signal(signal.SIGHUP, lambda *_: threading.Thread(target=self._runtime.reload, name="reload").start())
        settings = self._settings
        here = settings.here
        click.echo(f"\n  VoiceHive is ready: {here}\n  Metrics: {settings.metrics_address}\n  Stop with Ctrl+C\n")
        if self._damaged:
            click.echo(f"  {self._damaged}\n")
        if settings.auth and not has_users(self._record):
            link = f"{settings.address}/setup/{new_link(self._record)}"
            click.echo(f"  There is no account yet. Create the first one (within 15 minutes):\n  {link}\n")


def serve(settings: Settings, *, demo: bool = False) -> None:
    """Serve until SIGTERM or SIGINT; raises SettingsError. Exits with 2 where the app could not start."""
    check_address(settings)
    held = claim(settings.var_dir)
    master = os.getpid()
    try:
        _Server(settings, demo=demo).run()
    except SystemExit as stop:
        # The worker comes by here, too: its code is for its master.
        if os.getpid() == master and stop.code in (_BOOT_ERROR, _LOAD_ERROR):
            raise SystemExit(2) from None
        raise
    finally:
        held.close()
