"""POST /api/ingest/{platform}: who gets in, what is stored, and what becomes of what nobody can read."""

from __future__ import annotations

import hmac
import itertools
import time
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import orjson
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from app.factory import App
from data import quarantine as store
from data.models import calls, quarantine
from data.sources.platforms import NAMES
from tests.app.auth.conftest import Guarded, bearer, guarded_app
from tests.app.auth.test_signatures import mac
from tests.app.conftest import Client, unwired, wired
from tests.data.platforms import payloads as p

SECRET = "an api key of the test"
COUNTS = {"accepted": 0, "updated": 0, "duplicate": 0, "quarantined": 0, "ignored": 0}


def counts(**some: int) -> dict[str, int]:
    return COUNTS | some


def stored(app: App) -> int:
    with app.services.record.read() as connection:
        return len(connection.execute(select(calls.c.id)).all())


def metric(app: App, platform: str, outcome: str) -> float:
    labels = {"platform": platform, "outcome": outcome}
    return app.services.metrics.registry.get_sample_value("voicehive_ingest_messages_total", labels) or 0.0


MESSAGES = {
    "vapi": p.vapi(),
    "retell": p.retell(),
    "bland": p.bland(),
    "livekit": p.livekit_call()[0],
    "elevenlabs": p.elevenlabs(),
    "freeswitch": p.freeswitch(),
    "asterisk": p.asterisk(),
    "connect": p.connect(),
    "generic": {"call_id": "g", "started_at": "2023-11-14T22:13:20Z", "status": "success"},
}


def test_a_message_becomes_a_call_once(client: Client) -> None:
    for platform, payload in MESSAGES.items():
        first, second = (client.post(f"/api/ingest/{platform}", json=payload) for _ in range(2))
        assert (first.status_code, first.json) == (200, counts(accepted=1)), platform
        assert second.json == counts(duplicate=1), platform
    found = client.get("/api/calls?from=2023-11-01&to=2023-12-01").json["calls"]
    assert {each["source"] for each in found} == MESSAGES.keys()
    for each in found:
        whole = client.get(f"/api/calls/{each['source']}/{each['call_id']}").json
        assert whole["payload"].keys() == MESSAGES[each["source"]].keys()


def test_twilio_sends_forms_and_connect_records_without_an_end(client: Client) -> None:
    for form in p.twilio_call():
        assert client.post("/api/ingest/twilio", data=form).status_code == 200
    assert client.get("/api/calls/twilio/CA123").json["duration_seconds"] == 100
    joined = b"".join(map(orjson.dumps, p.connect_call()))
    assert client.post("/api/ingest/connect", data=joined).json == counts(accepted=1, updated=3)
    rows = ",".join(f'"{cell}"' for cell in ["", "5557320142", "800", "ctx", "", "PJSIP/a-00000001", "", "Dial", "x",
                    "2023-11-14 22:13:20", "", "2023-11-14 22:13:40", "20", "0", "BUSY", "DOCUMENTATION"])  # fmt: skip
    answer = client.post("/api/ingest/asterisk", data=f"{rows}\nnonsense,row\n", content_type="text/csv")
    assert answer.json == counts(accepted=1, quarantined=1)


def test_what_firehose_delivers_gets_its_receipt(client: Client) -> None:
    answer = client.post("/api/ingest/connect", json=p.connect(), headers={"X-Amz-Firehose-Request-Id": "r-1"})
    assert answer.json["requestId"] == "r-1"


def test_an_unknown_platform_is_named(client: Client) -> None:
    answer = client.post("/api/ingest/fax", json={})
    assert answer.status_code == 404
    assert "vapi, retell" in answer.json["error"]["message"]


# --- what can't be read


def test_an_empty_message_is_kept_and_listed(client: Client) -> None:
    assert client.post("/api/ingest/retell", data=b"").json == counts(quarantined=1)
    (shown,) = client.get("/api/ingest/quarantine").json["messages"]
    assert (shown["body"], shown["size"]) == ("", 0)


def test_what_can_not_be_read_is_kept_and_read_again_after_a_fix(
    app: App, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from data.sources import retell

    broken = p.retell(call_type="phone_call")
    monkeypatch.setitem(retell._LATENCIES, "latency_ms", None)
    monkeypatch.setattr(retell, "_CENT", 0.01)
    new_form = {"event": "call_ended", "call": broken["call"] | {"start_timestamp": "2023-11-14 at 22:13"}}
    assert client.post("/api/ingest/retell", json=new_form).json == counts(quarantined=1)
    assert client.post("/api/ingest/retell", data=b"{not json").json == counts(quarantined=1)
    assert (stored(app), metric(app, "retell", "quarantined")) == (0, 2)
    listed = client.get("/api/ingest/quarantine").json
    assert listed["total"] == 2
    newest, oldest = listed["messages"]
    assert (newest["body"], newest["size"], newest["platform"]) == ("{not json", 9, "retell")
    assert newest["reason"].startswith("the body is not JSON")
    assert oldest["reason"].startswith("started_at: ")
    again = f"/api/ingest/quarantine/{oldest['id']}/replay"
    assert client.post(again).status_code == 422
    # The fix: a version of ours that reads this time.
    monkeypatch.setattr(retell, "micros", lambda value: p.MS0 * 1000 if isinstance(value, str) else value * 1000)
    monkeypatch.setattr(retell, "instant", lambda value: p.MS0 * 1000 if isinstance(value, str) else value)
    assert client.post(again).json == counts(accepted=1)
    assert client.post(again).status_code == 404
    assert (stored(app), client.get("/api/ingest/quarantine").json["total"]) == (1, 1)


def test_nothing_that_is_sent_makes_an_error_of_ours(client: Client) -> None:
    bodies = [b"", b"\x00\xff", b"[" * 5000, b'{"a": NaN}', b"[null, 7]", b"{}", b'{"call": "x"}']
    types = ["application/json", "application/x-www-form-urlencoded", "text/csv"]
    for platform, body, content_type in itertools.product(NAMES, bodies, types):
        answer = client.post(f"/api/ingest/{platform}", data=body, content_type=content_type)
        assert answer.status_code == 200, (platform, body[:20], content_type)


def test_the_quarantine_has_an_end(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    record = app.services.record
    monkeypatch.setattr(store, "MOST_BYTES", 250)
    monkeypatch.setattr(store, "MOST_ROWS", 4)
    dropped = [store.keep(record, [store.Unread("vapi", "x", "text/plain", b"a" * size)], 1) for size in [100] * 3]
    assert dropped == [0, 0, 1]
    assert store.keep(record, [store.Unread("vapi", "x", "text/plain", b"")] * 5, 2) == 3
    with record.read() as connection:
        assert len(connection.execute(select(quarantine.c.id)).all()) == 4
    assert store.count_waiting(record) == 4


# --- who gets in


@pytest.fixture
def signed(tmp_path: Path) -> Iterator[Guarded]:
    """Accounts are on, and Retell's and Twilio's secrets are set."""
    secrets = {"ingest_retell_secret": SecretStr(SECRET), "ingest_twilio_auth_token": SecretStr(SECRET)}
    made = guarded_app(tmp_path, trusted_proxies=[ip_network("10.8.0.0/16")], **secrets)
    yield made
    unwired(made.app)


def retell_headers(body: bytes, at: float | None = None) -> dict[str, str]:
    stamp = str(round((time.time() if at is None else at) * 1000))
    digest = hmac.new(SECRET.encode(), body + stamp.encode(), "sha256").hexdigest()
    return {"X-Retell-Signature": f"v={stamp},d={digest}", "Content-Type": "application/json"}


def test_a_signed_message_needs_no_key_and_is_taken_once(signed: Guarded) -> None:
    client, body = signed.browser(), orjson.dumps(p.retell())
    headers = retell_headers(body)
    assert client.post("/api/ingest/retell", data=body, headers=headers).json == counts(accepted=1)
    replayed = client.post("/api/ingest/retell", data=body, headers=headers)
    assert (replayed.status_code, replayed.json["error"]["code"]) == (401, "bad_signature")
    assert metric(signed.app, "retell", "refused") == 1


def test_what_is_not_signed_right_changes_nothing(signed: Guarded) -> None:
    client, body = signed.browser(), orjson.dumps(p.retell())
    unreadable = b"{"
    attempts = [
        (body, {}),
        (body, bearer(signed.keys["ingest"])),
        (body, bearer(signed.keys["admin"])),
        (body, retell_headers(body, time.time() - 301)),
        (body, retell_headers(body + b" ")),
        (unreadable, {}),
    ]
    for sent, headers in attempts:
        assert client.post("/api/ingest/retell", data=sent, headers=headers).status_code == 401
    assert (stored(signed.app), store.count_waiting(signed.record)) == (0, 0)
    assert metric(signed.app, "retell", "refused") == len(attempts)


def test_a_message_that_was_not_stored_may_come_again(signed: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    from data.ingest import Overloaded

    def overloaded(events: object) -> None:
        raise Overloaded("full")

    client, body = signed.browser(), orjson.dumps(p.retell())
    headers = retell_headers(body)
    with monkeypatch.context() as patched:
        patched.setattr(signed.app.services.ingest, "write", overloaded)
        assert client.post("/api/ingest/retell", data=body, headers=headers).status_code == 503
    assert client.post("/api/ingest/retell", data=body, headers=headers).status_code == 200


def test_without_a_secret_the_door_asks_for_a_key(signed: Guarded) -> None:
    for platform in set(NAMES) - {"retell", "twilio"}:
        asks_for_a_key(signed, platform)


def asks_for_a_key(signed: Guarded, platform: str) -> None:
    def status(**headers: str) -> int:
        code: int = signed.browser().post(f"/api/ingest/{platform}", data=b"{}", headers=headers).status_code
        return code

    assert status() == 401
    assert status(Authorization="Bearer nothing") == 401
    assert status(**{"X-Vapi-Secret": "", "X-Retell-Signature": "v=1,d=1"}) == 401
    assert status(**bearer(signed.keys["read"])) == 403
    assert status(**bearer(signed.keys["ingest"])) == 200
    assert status(**{"X-Amz-Firehose-Access-Key": signed.keys["ingest"]}) == 200
    basic = signed.browser().post(f"/api/ingest/{platform}", data=b"{}", auth=("any", signed.keys["ingest"]))
    assert basic.status_code == 200
    assert signed.browser().post(f"/api/ingest/{platform}", data=b"{}", auth=("any", "wrong")).status_code == 401


def test_the_quarantine_is_for_admins(signed: Guarded) -> None:
    for name, expected in (("ingest", 403), ("read", 403), ("operate", 403), ("admin", 200)):
        headers = bearer(signed.keys[name])
        assert signed.browser().get("/api/ingest/quarantine", headers=headers).status_code == expected
    assert signed.browser().post("/api/ingest/quarantine/1/replay").status_code == 401


def twilio_headers(url: str, form: dict[str, str]) -> dict[str, str]:
    import base64

    content = url + "".join(name + form[name] for name in sorted(form))
    return {"X-Twilio-Signature": base64.b64encode(mac(content.encode(), SECRET, "sha1")).decode()}


def test_twilio_signs_the_address_that_it_called_before_the_proxy(signed: Guarded) -> None:
    form = p.twilio_call()[-1]
    headers = twilio_headers("https://voice.example.com/api/ingest/twilio", form)
    behind = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "voice.example.com", "X-Forwarded-For": "10.9.9.9"}

    def status(address: str, **more: str) -> int:
        client = signed.browser(address)
        code: int = client.post("/api/ingest/twilio", data=form, headers=headers | more).status_code
        return code

    assert status("10.8.0.1") == 401
    assert status("10.9.0.1", **behind) == 401, "only of a trusted proxy is it believed"
    assert status("10.8.0.1", **behind) == 200


def test_twilio_signs_the_external_url_where_it_is_set(tmp_path: Path) -> None:
    app = wired(tmp_path, ingest_twilio_auth_token=SecretStr(SECRET), external_url="https://calls.example.com/voice")
    form = p.twilio_call()[-1]
    client = app.server.test_client()
    there = "https://calls.example.com/voice/api/ingest/twilio?x=1&y=%20"
    assert (
        client.post("/api/ingest/twilio?x=1&y=%20", data=form, headers=twilio_headers(there, form)).status_code == 200
    )
    here = "http://localhost/api/ingest/twilio?x=1&y=%20"
    assert client.post("/api/ingest/twilio?x=1&y=%20", data=form, headers=twilio_headers(here, form)).status_code == 401
    unwired(app)
