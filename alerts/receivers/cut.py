"""Ends a conversation when its time is over.

A timeout of a socket is for each packet: a server that sends a byte now and then would hold its sender for ever.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self


class Cut:
    """For a `with` block: shuts down the sockets that it was told of after `seconds`; `done` tells whether it did."""

    def __init__(self, seconds: float) -> None:
        self.done = False
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def watch(self, connection: socket.socket) -> None:
        """Shut this one down, too."""
        self._sockets.append(connection)
        if self.done:
            _shut(connection)

    def _end(self) -> None:
        self.done = True
        for each in list(self._sockets):
            _shut(each)

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._timer.cancel()


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        # Not the method of an encrypted socket: it takes the encryption away from under its reader.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
