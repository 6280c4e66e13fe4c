"""Hand a body over to an HTTP server."""

from __future__ import annotations

import base64
import ssl
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from alerts.dispatch.receivers import HTTPConfig, TLSConfig
from alerts.receivers.cut import Cut
from alerts.receivers.errors import SendError

#: From the first packet to the last: within what the outbox gives a sender.
TIMEOUT_SECONDS = 10.0
_LONGEST_SECONDS = 20.0
_LONGEST_ANSWER = 4_096
_TRY_AGAIN = {408, 425, 429}


def secret(value: SecretStr | None, path: str) -> str:
    """A secret as it stands in the file of settings, or in a file of its own; SendError if there is none."""
    if value is not None:
        return value.get_secret_value()
    try:
        text = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise SendError(f"can't read {path} ({reason})", retryable=True) from None
    if not text:
        raise SendError(f"{path} is empty", retryable=True)
    return text


def post(url: str, body: bytes, config: HTTPConfig | None, *, seconds: float | None = None) -> str:
    """POST JSON; what the server answers. SendError unless with 2xx, or when it takes longer than `seconds`."""
    config = config or HTTPConfig()
    limit = min(seconds or TIMEOUT_SECONDS, _LONGEST_SECONDS)
    headers = {"content-type": "application/json", "user-agent": "VoiceHive"} | _authorization(config)
    try:
        with _client(config, limit) as client, Cut(limit) as cut:
            request = client.build_request(
                "POST", url, content=body, headers=headers, extensions={"trace": _watched(cut)}, timeout=limit
            )
            answer = client.send(request, stream=True, follow_redirects=config.follow_redirects)
            text = _beginning(answer, cut)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        late = isinstance(error, httpx.TimeoutException) or cut.done
        reason = f"no answer within {limit:g} s" if late else str(error) or type(error).__name__
        raise SendError(reason, retryable=True) from None
    if answer.is_success:
        return text
    retryable = answer.status_code >= 500 or answer.status_code in _TRY_AGAIN
    said = f"answered {answer.status_code}" + (f": {text.strip()[:300]}" if text.strip() else "")
    raise SendError(said, retryable=retryable, retry_after=_retry_after(answer.headers.get("retry-after", "")))


def _beginning(answer: httpx.Response, cut: Cut) -> str:
    """The beginning of the body: it is for people to read."""
    found = b""
    try:
        for part in answer.iter_bytes():
            found += part
            if len(found) >= _LONGEST_ANSWER:
                break
    except httpx.HTTPError:
        # The message was taken or refused already.
        if not cut.done and not answer.is_error:
            raise
    return found[:_LONGEST_ANSWER].decode(errors="replace")


def _client(config: HTTPConfig, seconds: float) -> httpx.Client:
    # The environment's proxies are not for this.
    proxy = config.proxy_url.get_secret_value() if config.proxy_url else None
    try:
        return httpx.Client(verify=tls(config.tls_config), proxy=proxy, trust_env=False, timeout=seconds)
    except (OSError, ValueError) as error:
        raise SendError(f"tls_config or proxy_url: {error}", retryable=True) from None


def tls(config: TLSConfig) -> ssl.SSLContext:
    """The certificates to trust and to show; raises OSError (ssl.SSLError) for files that can't be used."""
    context = ssl.create_default_context(cafile=config.ca_file or None)
    if config.cert_file:
        context.load_cert_chain(config.cert_file, config.key_file)
    if config.insecure_skip_verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _authorization(config: HTTPConfig) -> dict[str, str]:
    if (basic := config.basic_auth) is not None:
        password = secret(basic.password, basic.password_file) if basic.password or basic.password_file else ""
        pair = base64.b64encode(f"{basic.username}:{password}".encode()).decode()
        return {"authorization": f"Basic {pair}"}
    if (given := config.authorization) is not None:
        return {"authorization": f"{given.type.strip()} {secret(given.credentials, given.credentials_file)}"}
    return {}


def _watched(cut: Cut) -> Callable[[str, dict[str, Any]], None]:
    """Tells of the sockets that are opened for a request."""

    def trace(event: str, info: dict[str, Any]) -> None:
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            cut.watch(info["return_value"].get_extra_info("socket"))

    return trace


def _retry_after(text: str) -> float | None:
    """Seconds, from a number of them or a date; None where it is neither."""
    if text.strip().isdecimal():
        return float(text)
    try:
        return parsedate_to_datetime(text).timestamp() - time.time()
    except ValueError:
        return None
