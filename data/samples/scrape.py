"""One scrape of a target over HTTP."""

from __future__ import annotations

import time

import httpx

from data.samples.exposition import BadExposition, Samples, of_text
from data.samples.targets import Target

#: A target beyond these would take the memory of all others.
_MOST_BYTES = 16 << 20
_MOST_SAMPLES = 20_000
_HEADERS = {"accept": "text/plain;version=0.0.4", "accept-encoding": "identity", "user-agent": "VoiceHive"}


class ScrapeFailed(Exception):
    """A target gave no samples; the message says why."""


def scrape(client: httpx.Client, target: Target, seconds: float) -> Samples:
    """The samples of a target within `seconds`; raises ScrapeFailed. A redirect is not followed."""
    deadline = time.monotonic() + seconds
    body = bytearray()
    try:
        with client.stream("GET", target.url, timeout=seconds, follow_redirects=False, headers=_HEADERS) as answer:
            if answer.status_code != httpx.codes.OK:
                raise ScrapeFailed(f"answered {answer.status_code}")
            if "content-encoding" in answer.headers:
                raise ScrapeFailed(f"sent {answer.headers['content-encoding']} that was not asked for")
            for part in answer.iter_raw():
                body += part
                if len(body) > _MOST_BYTES:
                    raise ScrapeFailed(f"sent more than {_MOST_BYTES >> 20} MB")
                if time.monotonic() > deadline:
                    raise ScrapeFailed(f"took longer than {seconds:g} s")
            content_type = answer.headers.get("content-type", "")
        samples = of_text(body.decode(), target.labels, content_type)
    except httpx.TimeoutException:
        raise ScrapeFailed(f"took longer than {seconds:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeDecodeError, BadExposition) as error:
        raise ScrapeFailed(str(error) or type(error).__name__) from error
    if len(samples) > _MOST_SAMPLES:
        raise ScrapeFailed(f"has {len(samples):,} samples, more than {_MOST_SAMPLES:,}")
    return samples
