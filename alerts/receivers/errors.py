"""What keeps a message from being sent."""

from __future__ import annotations


class SendError(Exception):
    """A message was not taken. retryable: a later try may succeed; retry_after: seconds the receiver asked for."""

    def __init__(self, reason: str, *, retryable: bool, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retryable = retryable
        self.retry_after = retry_after
