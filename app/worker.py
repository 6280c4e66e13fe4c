"""gunicorn's worker with a bound on what a client may keep it waiting.

Each request holds a thread from its first byte on. A client that never ends its request, or never takes the answer,
as one whose network is gone, would hold it for good.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

#: For all of a request to come in; for the next bytes of an answer to be taken.
_COMING_SECONDS, _TAKING_SECONDS = 120.0, 60


class Worker(ThreadWorker):
    """Ends what takes too long to come in, and what nobody takes."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        #: The connections whose request is not here yet, until when it has to be.
        self._coming: dict[socket.socket, float] = {}

    def handle(self, conn: Any) -> Any:
        """A request, in a thread."""
        # Another name for the same connection: TLS gives the first one away, and closed it might be another's.
        conn.line = socket.socket(fileno=os.dup(conn.sock.fileno()))
        with conn.line as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", _TAKING_SECONDS, 0))
            self._coming[line] = time.monotonic() + _COMING_SECONDS
            try:
                return super().handle(conn)
            finally:
                self._coming.pop(line, None)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Its head is here; whatever body it has may still come."""
        names = {name for name, _ in req.headers}
        if not names & {"CONTENT-LENGTH", "TRANSFER-ENCODING"}:
            self._coming.pop(conn.line, None)
        return super().handle_request(req, conn)

    def murder_pending(self) -> None:
        """Once a second at least, in the worker's own thread."""
        super().murder_pending()
        now = time.monotonic()
        for line, until in list(self._coming.items()):
            if until < now:
                self._coming.pop(line, None)
                with contextlib.suppress(OSError):  # it has just ended by itself
                    # Nothing more comes in: whoever waits for it goes on. An answer may still go out.
                    line.shutdown(socket.SHUT_RD)
