"""Alerts with their history, silences, acknowledgements, the log of notifications and what is still to be sent."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, String, Table, Text

from data.models.base import RowId, metadata

#: Alerts that are pending or firing, and for a while those that are resolved; instants in milliseconds.
alerts = Table(
    "alerts",
    metadata,
    Column("rule_group", String(200), primary_key=True),
    Column("rule", String(200), primary_key=True),
    Column("fingerprint", String(16), primary_key=True),
    Column("labels", Text, nullable=False),
    Column("annotations", Text, nullable=False),
    Column("value", Double, nullable=False),
    Column("state", String(10), nullable=False),
    Column("active_at", BigInteger, nullable=False),
    Column("fired_at", BigInteger),
    Column("resolved_at", BigInteger),
    Column("keep_firing_since", BigInteger),
)

#: Every change of an alert's state, in order; `at` in milliseconds.
alert_transitions = Table(
    "alert_transitions",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("at", BigInteger, nullable=False, index=True),
    Column("rule_group", String(200), nullable=False),
    Column("rule", String(200), nullable=False),
    Column("fingerprint", String(16), nullable=False, index=True),
    Column("labels", Text, nullable=False),
    Column("annotations", Text, nullable=False),
    Column("value", Double, nullable=False),
    Column("before", String(10), nullable=False),
    Column("after", String(10), nullable=False),
)

#: Silences; matchers as JSON: a list of name, operator, value. Instants in milliseconds.
silences = Table(
    "silences",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("matchers", Text, nullable=False),
    Column("starts_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False, index=True),
    Column("created_by", String(200), nullable=False),
    Column("comment", Text, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

#: What each integration was told last of a group; fingerprints as a JSON list. Instants in milliseconds. The key of a
#: group has no bound, so the table's key is a digest of it and of the integration's.
notification_log = Table(
    "notification_log",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("integration", Text, nullable=False),
    Column("group_key", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("firing", Text, nullable=False),
    Column("resolved", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
)

#: Who has taken note of an alert, from when on it is active; instants in milliseconds.
acknowledgements = Table(
    "acknowledgements",
    metadata,
    Column("fingerprint", String(16), primary_key=True),
    Column("active_at", BigInteger, primary_key=True),
    Column("who", String(200), nullable=False),
    Column("comment", Text, nullable=False),
    Column("at", BigInteger, nullable=False, index=True),
)

#: What is to be sent, and for a while what was: by whom (`kind`), to whom (`target`), in which order (`lane`: one after
#: the other). `payload` is JSON. Unfinished rows have no `finished_at`; they are tried at `next_at`. Milliseconds.
outbox = Table(
    "outbox",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("target", String(300), nullable=False),
    Column("lane", String(64), nullable=False),
    Column("payload", Text, nullable=False),
    Column("status", String(10), nullable=False),
    Column("attempts", BigInteger, nullable=False),
    Column("error", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger, index=True),
)

#: Who does what only one of several instances may do, and until when unless it says so again (milliseconds).
leases = Table(
    "leases",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("holder", String(300), nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

#: Alerts that others judged: an Alertmanager that sends its webhook here ("alertmanager"), or whoever posts alerts as
#: Prometheus does ("prometheus"). `recorded`: the state that its history ends with. Instants in milliseconds.
outside_alerts = Table(
    "outside_alerts",
    metadata,
    Column("origin", String(20), primary_key=True),
    Column("fingerprint", String(16), primary_key=True),
    Column("labels", Text, nullable=False),
    Column("annotations", Text, nullable=False),
    Column("starts_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger),
    Column("generator_url", Text, nullable=False),
    Column("told_at", BigInteger, nullable=False),
    Column("recorded", String(10), nullable=False),
)
