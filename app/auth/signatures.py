"""Whether a platform's message is the platform's: each signs in a way of its own, with a secret that both know.

Every comparison takes the same time whatever is given. A signature that carries a time is good for five minutes around
it. What is returned tells one signed message from another, so that it is taken once only (data/signatures.py).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from data.sources.bodies import FORM, form_fields

#: Seconds.
WINDOW = 300


class BadSignature(Exception):
    """The message is not the platform's; the text says what is wrong, and nothing that helps to forge one."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came: headers by their names in lower case, the body as it was sent, and the addresses that the platform may
    have called (behind a proxy not the one that we see)."""

    headers: Mapping[str, str]
    body: bytes
    mimetype: str = "application/json"
    urls: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Secret:
    """What both know; `key` names it where a platform has several."""

    value: str
    key: str | None = None


Check = Callable[[Delivery, Secret, float], str | None]


def verify(platform: str, delivery: Delivery, secret: Secret, now: float) -> str | None:
    """What tells this message from others, None where it shows the secret itself; raises BadSignature.

    `now` in seconds since 1970.
    """
    return CHECKS[platform](delivery, secret, now)


def _vapi(delivery: Delivery, secret: Secret, now: float) -> str | None:
    """The secret itself (a bearer token, or the older X-Vapi-Secret), or the HMAC of the body in X-Vapi-Signature."""
    signature = delivery.headers.get("x-vapi-signature")
    if signature is None:
        bearer = delivery.headers.get("authorization", "").removeprefix("Bearer ").strip()
        _demand_equal(delivery.headers.get("x-vapi-secret") or bearer, secret.value)
        return None
    timestamp = delivery.headers.get("x-vapi-timestamp")
    content = delivery.body
    if timestamp is not None:
        _demand_recent(timestamp, now)
        content = timestamp.encode() + b"." + content
    return _demand_hmac(signature.removeprefix("sha256="), secret, content)


def _retell(delivery: Delivery, secret: Secret, now: float) -> str:
    fields = _fields(_header(delivery, "x-retell-signature"))
    timestamp = fields.get("v", "")
    _demand_recent(timestamp, now)
    return _demand_hmac(fields.get("d", ""), secret, delivery.body + timestamp.encode())


def _bland(delivery: Delivery, secret: Secret, now: float) -> str:
    return _demand_hmac(_header(delivery, "x-webhook-signature"), secret, delivery.body)


def _elevenlabs(delivery: Delivery, secret: Secret, now: float) -> str:
    fields = _fields(_header(delivery, "elevenlabs-signature"))
    timestamp = fields.get("t", "")
    _demand_recent(timestamp, now)
    return _demand_hmac(fields.get("v0", ""), secret, timestamp.encode() + b"." + delivery.body)


def _twilio(delivery: Delivery, secret: Secret, now: float) -> str:
    """Over the address that was called and, sorted, the fields of the form; of JSON the address holds the hash."""
    given, fields = _header(delivery, "x-twilio-signature"), ""
    if delivery.mimetype == FORM:
        fields = "".join(name + value for name, value in sorted(set(form_fields(delivery.body))))
    elif delivery.body:
        hashed = parse_qs(urlsplit(delivery.urls[0]).query).get("bodySHA256", [""])[0]
        _demand_equal(hashed.lower(), hashlib.sha256(delivery.body).hexdigest())
    known = [base64.b64encode(_hmac(secret, (url + fields).encode(), "sha1")).decode() for url in delivery.urls]
    found = [one for one in known if hmac.compare_digest(one.encode(), given.encode())]
    if not found:
        raise BadSignature("the signature does not fit")
    return found[0]


def _livekit(delivery: Delivery, secret: Secret, now: float) -> str:
    import jwt  # here: 8 MB that only this platform needs

    token = _header(delivery, "authorization").removeprefix("Bearer ").strip()
    try:
        # `now` is the caller's: the library would ask its own clock.
        claims = jwt.decode(
            token, secret.value, algorithms=["HS256"], options={"verify_exp": False, "verify_nbf": False,
            "verify_iat": False, "require": ["exp"]}, issuer=secret.key,
        )  # fmt: skip
    except jwt.PyJWTError:
        raise BadSignature("the signature does not fit") from None
    for name in ("nbf", "iat"):
        if name in claims:
            _demand_recent(str(claims[name]), now)
    if not isinstance(claims["exp"], int | float) or claims["exp"] <= now:
        raise BadSignature("the signature is too old")
    hashed = base64.b64encode(hashlib.sha256(delivery.body).digest()).decode()
    _demand_equal(str(claims.get("sha256", "")), hashed)
    return f"{claims.get('nbf')} {claims['exp']} {hashed}"


CHECKS: Mapping[str, Check] = {
    "vapi": _vapi,
    "retell": _retell,
    "twilio": _twilio,
    "bland": _bland,
    "livekit": _livekit,
    "elevenlabs": _elevenlabs,
}


def _header(delivery: Delivery, name: str) -> str:
    found = delivery.headers.get(name)
    if not found:
        raise BadSignature(f"{name}: the header is missing")
    return found


def _fields(header: str) -> dict[str, str]:
    """ "t=1,v0=2" as a dict."""
    parts = (part.partition("=") for part in header.split(","))
    return {name.strip(): value.strip() for name, _, value in parts}


def _hmac(secret: Secret, content: bytes, algorithm: str = "sha256") -> bytes:
    return hmac.digest(secret.value.encode(), content, algorithm)


def _demand_hmac(given: str, secret: Secret, content: bytes) -> str:
    expected = _hmac(secret, content).hex()
    _demand_equal(given.lower(), expected)
    return expected


def _demand_equal(given: str, expected: str) -> None:
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise BadSignature("the signature does not fit")


def _demand_recent(timestamp: str, now: float) -> None:
    """Seconds or milliseconds since 1970."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 16):
        raise BadSignature("the signature names no time")
    seconds = int(timestamp) / (1000 if len(timestamp) > 11 else 1)
    if abs(now - seconds) > WINDOW:
        raise BadSignature("the signature is too old")
