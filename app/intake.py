"""A platform's message on its way in: whose it is, what it says, and where it goes if nobody can read it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from flask import request
from pydantic import SecretStr

from app.api.errors import ApiError
from app.auth.current import current
from app.auth.permissions import Need
from app.auth.signatures import CHECKS, BadSignature, Delivery, Secret, verify
from app.services import Services
from app.settings import Settings
from data.models import CallEvent
from data.quarantine import Unread, keep
from data.signatures import digest_of, is_used
from data.sources.cdr import Reading, Rejected
from data.sources.platforms import Platform, read_payload
from data.times import now_micros
from data.writer import Outcome


def secret_of(settings: Settings, platform: str) -> Secret | None:
    """What is known to the platform and to us; None where it shows a key of ours."""
    name = f"ingest_{platform}_{'auth_token' if platform == 'twilio' else 'secret'}"
    found: SecretStr | None = getattr(settings, name, None)
    if platform not in CHECKS or found is None:
        return None
    return Secret(found.get_secret_value(), settings.ingest_livekit_key if platform == "livekit" else None)


def admit(parts: Services, platform: str, body: bytes) -> str | None:
    """Let the request that is served pass, or raise ApiError (401, 403).

    By the platform's signature where its secret is set, else by a key with scope ingest, as at every other door.

    Returns what is to be remembered of the signature once the message is stored.
    """
    secret = secret_of(parts.settings, platform)
    if secret is None:
        _demand_key(parts)
        return None
    try:
        told_apart = verify(platform, _delivery(parts.settings, body), secret, time.time())
        if told_apart is None:
            return None
        digest = digest_of(platform, told_apart)
        if is_used(parts.record, digest):
            raise BadSignature("the signature was used before")
    except BadSignature as error:
        parts.metrics.ingest_messages.labels(platform, "refused").inc()
        raise ApiError(401, "bad_signature", f"This is no message of {platform}: {error}.") from None
    return digest


def _demand_key(parts: Services) -> None:
    who, given = current(), request.authorization
    if who is None and parts.settings.auth:
        # Of FreeSWITCH and of Firehose, which can't send a bearer token.
        basic = given.password if given is not None and given.type == "basic" else None
        key = basic or request.headers.get("X-Amz-Firehose-Access-Key")
        who = parts.access.by_bearer(key) if key else None
    if who is None:
        raise ApiError(401, "unauthorized", "Send an API key with scope ingest, as a bearer token or a basic password.")
    if not who.may(Need.INGEST):
        raise ApiError(403, "forbidden", f"{who.name} ({who.role}) may not send calls.")


def _delivery(settings: Settings, body: bytes) -> Delivery:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Delivery(headers, body, request.mimetype, _urls(settings))


def _urls(settings: Settings) -> list[str]:
    """The addresses that the platform may have called, as it wrote them."""
    query = request.query_string.decode("latin-1")
    path = f"{request.path}?{query}" if query else request.path
    if settings.external_url:
        return [settings.external_url + path]
    host = request.environ.get("voicehive.forwarded_host") or request.host
    port = "" if ":" in host else ":443" if request.scheme == "https" else ":80"
    # Some of Twilio's products name the port, others do not.
    return [f"{request.scheme}://{host}{path}", f"{request.scheme}://{host}{port}{path}"]


@dataclass(slots=True)
class Taken:
    """What became of the payloads of a message."""

    counts: dict[str, int] = field(
        default_factory=lambda: {**{str(outcome): 0 for outcome in Outcome}, "quarantined": 0, "ignored": 0}
    )
    unread: list[Unread] = field(default_factory=list)


def take(parts: Services, platform: str, body: bytes, content_type: str) -> Taken:
    """Store what the message says; returned once it is durable. What can't be read is in `unread`."""
    reader, taken = parts.platforms[platform], Taken()
    events: list[CallEvent] = []
    zone = ZoneInfo(parts.settings.timezone if reader.local else "UTC")
    reading = Reading(parts.hash_caller, now_micros(), zone, platform)
    for payload in _payloads(reader, platform, body, content_type, taken):
        try:
            event = read_payload(reader, payload, reading)
        except Rejected as error:
            taken.unread.append(Unread(platform, str(error), "application/json", _as_json(payload)))
            continue
        if event is None:
            taken.counts["ignored"] += 1
        else:
            events.append(event)
    for applied in parts.ingest.write(events) if events else ():
        taken.counts[applied.outcome.value] += 1
    taken.counts["quarantined"] = len(taken.unread)
    for outcome, count in (("stored", len(events)), ("ignored", taken.counts["ignored"])):
        parts.metrics.ingest_messages.labels(platform, outcome).inc(count)
    return taken


def set_aside(parts: Services, unread: Sequence[Unread]) -> None:
    """Keep what could not be read."""
    if not unread:
        return
    parts.metrics.ingest_dropped.inc(keep(parts.record, unread, now_micros()))
    parts.metrics.ingest_events.labels("rejected").inc(len(unread))
    for one in unread:
        parts.metrics.ingest_messages.labels(one.platform, "quarantined").inc()


def _payloads(reader: Platform, platform: str, body: bytes, content_type: str, taken: Taken) -> Sequence[Any]:
    try:
        return reader.unpack(body, content_type)
    except Rejected as error:
        taken.unread.append(Unread(platform, str(error), content_type, body))
        return ()


def _as_json(payload: Any) -> bytes:
    try:
        return orjson.dumps(payload)
    except TypeError:  # nested too deeply
        return repr(payload).encode("utf-8", "replace")
