"""How Redis is asked: it answers at once, or it counts as away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

_SECONDS = 0.3
#: What every client is made with. A connection that was kept may be one to a Redis before its restart: once more.
OPTIONS: Mapping[str, Any] = {
    "socket_timeout": _SECONDS,
    "socket_connect_timeout": _SECONDS,
    "retry": Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
}


def client(url: str) -> redis.Redis:
    """A client of the Redis at this address, which reads text; nothing is connected yet."""
    made: redis.Redis = redis.Redis.from_url(url, decode_responses=True, **OPTIONS)
    return made
