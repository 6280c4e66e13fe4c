"""A platform's signature: made as the platform makes it, and everything that is not quite it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest

from app.auth.signatures import CHECKS, BadSignature, Delivery, Secret, verify
from data.sources.bodies import FORM

NOW = 1_700_000_000
SECRET = Secret("s3cr3t of the test, which is long enough", "APIkey")
URL = "https://voice.example.com/api/ingest/twilio?foo=1"
BODY = b'{"a": 1}'
FORM_BODY = urlencode({"CallSid": "CA1", "From": "+1555", "Body": ""}).encode()


def mac(content: bytes, secret: str = SECRET.value, algorithm: str = "sha256") -> bytes:
    return hmac.new(secret.encode(), content, algorithm).digest()


def vapi(at: int = NOW, secret: str = SECRET.value) -> Delivery:
    signature = mac(f"{at}.".encode() + BODY, secret).hex()
    return Delivery({"x-vapi-signature": signature, "x-vapi-timestamp": str(at)}, BODY)


def retell(at: int = NOW, secret: str = SECRET.value) -> Delivery:
    digest = mac(BODY + str(at * 1000).encode(), secret).hex()
    return Delivery({"x-retell-signature": f"v={at * 1000},d={digest}"}, BODY)


def bland(at: int = NOW, secret: str = SECRET.value) -> Delivery:
    return Delivery({"x-webhook-signature": mac(BODY, secret).hex()}, BODY)


def elevenlabs(at: int = NOW, secret: str = SECRET.value) -> Delivery:
    return Delivery({"elevenlabs-signature": f"t={at},v0={mac(f'{at}.'.encode() + BODY, secret).hex()}"}, BODY)


def twilio(at: int = NOW, secret: str = SECRET.value) -> Delivery:
    content = URL + "Body" + "CallSid" + "CA1" + "From" + "+1555"
    signature = base64.b64encode(mac(content.encode(), secret, "sha1")).decode()
    return Delivery({"x-twilio-signature": signature}, FORM_BODY, FORM, [URL])


def livekit(at: int = NOW, secret: str = SECRET.value, **claims: Any) -> Delivery:
    hashed = base64.b64encode(hashlib.sha256(BODY).digest()).decode()
    told = {"iss": "APIkey", "nbf": at, "exp": at + 300, "sha256": hashed} | claims
    return Delivery({"authorization": jwt.encode(told, secret, algorithm="HS256")}, BODY)


SIGNED: dict[str, Callable[..., Delivery]] = {
    "vapi": vapi, "retell": retell, "bland": bland, "elevenlabs": elevenlabs, "twilio": twilio, "livekit": livekit,
}  # fmt: skip
DATED = ("vapi", "retell", "elevenlabs", "livekit")


def refused(platform: str, delivery: Delivery, now: float = NOW) -> None:
    with pytest.raises(BadSignature):
        verify(platform, delivery, SECRET, now)


def test_each_way_of_signing_is_tested() -> None:
    assert SIGNED.keys() == CHECKS.keys()


@pytest.mark.parametrize("platform", SIGNED)
def test_a_good_signature_is_taken_and_told_apart(platform: str) -> None:
    assert verify(platform, SIGNED[platform](), SECRET, NOW)


@pytest.mark.parametrize("platform", SIGNED)
def test_a_bad_or_missing_signature_is_refused(platform: str) -> None:
    good = SIGNED[platform]()
    refused(platform, SIGNED[platform](secret="another secret, which is long enough"))
    refused(platform, Delivery({}, good.body, good.mimetype, good.urls))
    refused(platform, Delivery(good.headers, good.body + b"&x=y", good.mimetype, good.urls))
    for name, value in good.headers.items():
        for wrong in ("", "x", value[:-6], "é" * 10, value + "0"):
            refused(platform, Delivery(dict(good.headers) | {name: wrong}, good.body, good.mimetype, good.urls))


@pytest.mark.parametrize("platform", DATED)
def test_a_signature_is_good_for_five_minutes(platform: str) -> None:
    late = NOW + (299 if platform == "livekit" else 300)
    assert verify(platform, SIGNED[platform](), SECRET, late)
    refused(platform, SIGNED[platform](), NOW + 301)
    refused(platform, SIGNED[platform](NOW + 301), NOW)


@pytest.mark.parametrize("platform", DATED)
def test_the_time_of_a_signature_is_signed_too(platform: str) -> None:
    old, new = SIGNED[platform](NOW - 900), SIGNED[platform](NOW)
    for name, value in new.headers.items():
        forged = {
            "x-vapi-timestamp": str(NOW),
            "x-retell-signature": old.headers.get(name, "").replace(str((NOW - 900) * 1000), str(NOW * 1000)),
            "elevenlabs-signature": old.headers.get(name, "").replace(str(NOW - 900), str(NOW)),
            "authorization": value.rpartition(".")[0] + "." + old.headers.get(name, "").rpartition(".")[2],
        }.get(name)
        if forged:
            refused(platform, Delivery(dict(old.headers) | {name: forged}, BODY))


def test_a_token_of_livekit_is_of_our_key_and_never_unsigned() -> None:
    refused("livekit", livekit(iss="other"))
    none = jwt.encode({"iss": "APIkey", "exp": NOW + 60}, "", algorithm="none")
    refused("livekit", Delivery({"authorization": none}, BODY))
    without_end = jwt.encode({"iss": "APIkey", "sha256": "x"}, SECRET.value, algorithm="HS256")
    refused("livekit", Delivery({"authorization": without_end}, BODY))


def test_vapi_may_show_the_secret_itself() -> None:
    for headers in ({"x-vapi-secret": SECRET.value}, {"authorization": f"Bearer {SECRET.value}"}):
        assert verify("vapi", Delivery(headers, BODY), SECRET, NOW) is None
    refused("vapi", Delivery({"authorization": "Bearer other"}, BODY))


def test_twilio_signs_the_hash_of_json_in_the_address() -> None:
    url = f"https://voice.example.com/api/ingest/twilio?bodySHA256={hashlib.sha256(BODY).hexdigest()}"
    signature = base64.b64encode(mac(url.encode(), algorithm="sha1")).decode()
    assert verify("twilio", Delivery({"x-twilio-signature": signature}, BODY, urls=[url]), SECRET, NOW)
    refused("twilio", Delivery({"x-twilio-signature": signature}, BODY + b" ", urls=[url]))
    refused("twilio", Delivery({"x-twilio-signature": signature}, BODY, urls=["https://other.example.com/"]))


def test_twilios_own_example_is_taken() -> None:
    """The example of twilio.com/docs/usage/security."""
    caller = {"CallSid": "CA1234567890ABCDE", "Caller": "+14158675309", "Digits": "1234"}
    form = urlencode(caller | {"From": "+14158675309", "To": "+18005551212"}).encode()
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    delivery = Delivery({"x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}, form, FORM, [url])
    assert verify("twilio", delivery, Secret("12345"), NOW)
