"""The body of a request, at most so long."""

from __future__ import annotations

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from app.api.errors import ApiError

MOST_BYTES = 8 * 1024 * 1024


def read_body() -> bytes:
    """The bytes as they were sent."""
    try:
        content = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise too_large() from None
    except TimeoutError:
        raise ApiError(408, "timeout", "The body did not arrive in time.") from None
    if request.content_length is None and len(content) >= MOST_BYTES:
        raise too_large()
    return content


def too_large() -> ApiError:
    """The answer to a body that is larger than may be."""
    message = f"The body is larger than {MOST_BYTES // 1024**2} MiB; send it in smaller lists."
    return ApiError(413, "too_large", message)
