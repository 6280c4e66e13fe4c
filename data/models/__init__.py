"""The tables of the record and their closed word lists, an area a file (a leaf: it imports nothing else of ours).

Times are UTC microseconds since 1970 in BIGINT columns, in the record and in the analytic copy alike, so that one
Core query means the same on every engine; alerting counts in milliseconds, as Prometheus does. Durations are seconds,
latencies milliseconds, money is in `currency`. Unknown is NULL, never 0.
"""

from __future__ import annotations

from data.models.access import api_keys, audit_log, password_links, sessions, setup_links, users
from data.models.alerting import (
    acknowledgements,
    alert_transitions,
    alerts,
    leases,
    notification_log,
    outbox,
    outside_alerts,
    silences,
)
from data.models.base import RowId, metadata
from data.models.calls import CALL_COLUMNS, DOCUMENTS, REVIEW, call_documents, call_notes, calls, counters, deletions
from data.models.quarantine import quarantine, used_signatures
from data.models.reporting import report_files, report_runs, report_schedules
from data.models.tracing import deployments, spans
from data.models.views import saved_views
from data.models.words import CLOSED, COUNTED, CallEvent, Direction, EndReasonGroup, Status

__all__ = [
    "CALL_COLUMNS",
    "CLOSED",
    "COUNTED",
    "DOCUMENTS",
    "REVIEW",
    "CallEvent",
    "Direction",
    "EndReasonGroup",
    "RowId",
    "Status",
    "acknowledgements",
    "alert_transitions",
    "alerts",
    "api_keys",
    "audit_log",
    "call_documents",
    "call_notes",
    "calls",
    "counters",
    "deletions",
    "deployments",
    "leases",
    "metadata",
    "notification_log",
    "outbox",
    "outside_alerts",
    "password_links",
    "quarantine",
    "report_files",
    "report_runs",
    "report_schedules",
    "saved_views",
    "sessions",
    "setup_links",
    "silences",
    "spans",
    "used_signatures",
    "users",
]
