"""What keeps a message from being sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class SendError(Exception):
    """A message was not taken. retryable: a later try may succeed; retry_after: seconds the receiver asked for.

    left: where some have got it, what the message's payload has to say from now on: `only`, the addresses that have
    still to get it, and `refused`, those that never will.
    """

    def __init__(
        self, reason: str, *, retryable: bool, retry_after: float | None = None, left: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(reason)
        self.retryable = retryable
        self.retry_after = retry_after
        self.left = left or {}
