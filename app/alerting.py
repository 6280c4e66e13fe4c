"""Who judges rules and who tells people: the app itself, or the real servers that the settings name."""

from __future__ import annotations

import socket

from alerts.annotations import expand_at
from alerts.dispatch.defaults import Defaults
from alerts.notifier import CONFIG_FILE, Notifier
from alerts.relay import Relay
from alerts.remote import RemoteRules
from alerts.running import OFFSET_MS, RULES_FILE, Rules
from app.settings import Settings
from data.lease import Lease
from data.record import Record
from data.samples.store import SampleStore


def alerting(
    settings: Settings, record: Record, samples: SampleStore
) -> tuple[Lease, Rules, Notifier, RemoteRules | None, Relay | None]:
    """The parts, wired and not started yet; raises ConfigError for a bad file."""
    # The same after a restart, and unlike that of any other instance: VAR_DIR belongs to one process.
    lease = Lease(record, "alerting", f"{socket.gethostname()}:{settings.var_dir.absolute()}"[-300:])
    remote = None
    if settings.prometheus_url is not None:
        remote = RemoteRules(settings.prometheus_url.get_secret_value(), record, lease)
    expand = expand_at(settings.address)
    rules = Rules(RULES_FILE, samples, record, expand, lease, judges=remote is None, offset=OFFSET_MS)
    judge = remote or rules
    receivers = Defaults(
        settings.slack_webhook_url, settings.smtp_url, settings.alert_email_to, settings.alert_webhook_url
    )
    notifier = Notifier(
        CONFIG_FILE,
        record,
        lease,
        external_url=settings.address,
        zone=settings.timezone,
        adjusted=receivers.applied,
        alerts=lambda: judge.alerts,
    )
    relay = None
    if settings.alertmanager_url is not None:
        notifier.quiet = "the Alertmanager of ALERTMANAGER_URL tells people"
        if remote is None:
            # A real Prometheus tells its Alertmanager itself.
            url = settings.alertmanager_url.get_secret_value()
            relay = Relay(url, lambda: judge.alerts, lambda: lease.held, external_url=settings.address)
    judge.on_transitions = relay.take if relay is not None else notifier.take
    return lease, rules, notifier, remote, relay
