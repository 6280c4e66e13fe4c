"""What the program speaks with over the network: whether it is there, and lets us in. Nothing is sent to anybody."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Iterator
from importlib.util import find_spec
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from alerts.dispatch.mailserver import mail_server
from alerts.receivers.errors import SendError
from app.doctor.finding import Finding, fail, note, ok
from app.doctor.machine import serves
from app.reports.delivery.bucket import look
from app.settings import Settings, is_loopback

_SECONDS = 3.0
_RIGHT = "is it right, and may this machine reach it?"


def findings(settings: Settings) -> Iterator[Finding]:
    """All that the settings name."""
    if settings.smtp_url is not None:
        yield _mail(settings.smtp_url.get_secret_value())
    elif settings.alert_email_to:
        yield fail("mail", "ALERT_EMAIL_TO is set and SMTP_URL is not", "set SMTP_URL=smtp://user:password@host:port")
    else:
        yield note("mail", "no mail server: no mails of alerts and reports", "SMTP_URL names one")
    for key, url in (
        ("SLACK_WEBHOOK_URL", settings.slack_webhook_url),
        ("ALERT_WEBHOOK_URL", settings.alert_webhook_url),
        ("REPORT_WEBHOOK_URL", settings.report_webhook_url),
    ):
        if url is not None:
            yield _reach(key, url)
    if settings.report_bucket_url is not None:
        yield _bucket(settings.report_bucket_url)
    yield _address(settings)
    for name, url, path in (
        ("PROMETHEUS_URL", settings.prometheus_url, "/-/healthy"),
        ("ALERTMANAGER_URL", settings.alertmanager_url, "/-/healthy"),
        ("GRAFANA_URL", settings.grafana_url, "/api/health"),
    ):
        if url is not None:
            yield _healthy(name, url, path)
    if settings.jaeger_host is not None:
        yield _connect("JAEGER_HOST", settings.jaeger_host, settings.jaeger_port)


def _mail(url: str) -> Finding:
    """Up to signing in."""
    server = mail_server(url)
    host, _, port = str(server["smtp_smarthost"]).rpartition(":")
    host, context = host.strip("[]"), ssl.create_default_context()
    try:
        with (
            smtplib.SMTP_SSL(host, int(port), timeout=_SECONDS, context=context)
            if server["smtp_force_implicit_tls"]
            else smtplib.SMTP(host, int(port), timeout=_SECONDS)
        ) as client:
            if server["smtp_require_tls"] and not server["smtp_force_implicit_tls"]:
                client.starttls(context=context)
            password: SecretStr | None = server["smtp_auth_password"]
            if password is not None:
                client.login(server["smtp_auth_username"], password.get_secret_value())
    except smtplib.SMTPAuthenticationError as error:
        return fail("mail", f"{host}:{port} refuses user and password ({error.smtp_code})", "mend them in SMTP_URL")
    except (smtplib.SMTPException, OSError) as error:
        return fail("mail", f"{host}:{port}: {error}", f"SMTP_URL: {_RIGHT}")
    return ok("mail", f"{host}:{port} lets us in")


def _reach(key: str, secret: SecretStr) -> Finding:
    """Whether the host answers; the path, which is secret, is asked for nothing."""
    parts = urlsplit(secret.get_secret_value())
    try:
        httpx.head(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/", timeout=_SECONDS)
    except httpx.HTTPError as error:
        return fail(key, f"{parts.hostname}: {str(error) or type(error).__name__}", _RIGHT)
    rest = "`Run now`" if key == "REPORT_WEBHOOK_URL" else "`send a test` on the alerts page"
    return ok(key, f"{parts.hostname} answers; {rest} tries the rest")


def _bucket(address: SecretStr) -> Finding:
    """Whether it is there and our key is good; nothing is put into it."""
    key = "REPORT_BUCKET_URL"
    if find_spec("minio") is None:
        return fail(key, "buckets need the package minio", "pip install minio")
    try:
        look(address, _SECONDS)
    except SendError as error:
        return fail(
            key, str(error), _RIGHT if error.retryable else "mend bucket, key and secret, or what the key may do"
        )
    return ok(key, "the bucket lets us in")


def _address(settings: Settings) -> Finding:
    """Where the links in messages and reports lead: to the server of these settings, if it runs."""
    key, url = "EXTERNAL_URL", settings.external_url
    if not url:
        tells = settings.smtp_url or settings.slack_webhook_url or settings.report_webhook_url
        if tells is not None and is_loopback(str(urlsplit(settings.address).hostname)):
            seen = f"not set: links in messages lead to {settings.address}, which only this machine opens"
            return note(key, seen, "set it to the address that people use")
        return ok(key, f"links lead to {settings.address}")
    if not serves(settings):
        return note(key, f"links lead to {url}", "whether that is this server can be seen while it runs")
    try:
        answer = httpx.get(f"{url}/healthz", timeout=_SECONDS)
        ours = answer.json() == {"status": "ok"}
    except httpx.HTTPError as error:
        return fail(key, f"{url}: {str(error) or type(error).__name__}", _RIGHT)
    except ValueError:
        ours = False
    if not ours:
        seen = f"{url} answers {answer.status_code}, and not as this server does: links lead astray"
        return fail(key, seen, "set it to the address that people use, or mend the proxy there")
    return ok(key, f"{url} leads here")


def _healthy(key: str, secret: SecretStr, path: str) -> Finding:
    url = secret.get_secret_value()
    shown = urlsplit(url).netloc.rpartition("@")[2]
    try:
        answer = httpx.get(url + path, timeout=_SECONDS)
    except httpx.HTTPError as error:
        return fail(key, f"{shown}: {str(error) or type(error).__name__}", "start it, or take the setting out")
    if answer.status_code != httpx.codes.OK:
        return fail(
            key,
            f"{shown}{path} answers {answer.status_code}",
            "is another program there, or does it ask for a password?",
        )
    return ok(key, f"{shown} is healthy")


def _connect(key: str, host: str, port: int) -> Finding:
    try:
        socket.create_connection((host, port), timeout=_SECONDS).close()
    except OSError as error:
        return fail(key, f"{host}:{port}: {error}", "traces are lost: start the collector, or take the setting out")
    return ok(key, f"{host}:{port} takes connections")
