"""Static files: compressed as well as can be, once, and kept by the browser.

Dash recompresses its scripts at every load and serves some without a fingerprint. Here the first request compresses a
file quickly, a thread then does it thoroughly, and the result is kept in VAR_DIR for the next start.
"""

from __future__ import annotations

import hashlib
import logging
import queue
import threading
from pathlib import Path

import brotli
from flask import Flask, Response, request

log = logging.getLogger(__name__)

_PREFIXES = ("/assets/", "/_dash-component-suites/")
_TYPES = ("text/css", "text/javascript", "application/javascript", "application/json", "image/svg+xml")
_QUICK, _THOROUGH = 5, 11
_LEAST_BYTES = 500


class StaticFiles:
    """Brotli bodies by content; threads may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bodies: dict[str, bytes] = {}
        self._work: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="static-compressor", daemon=True).start()

    def compressed(self, content: bytes) -> bytes:
        """The content as Brotli: thoroughly compressed if there was time for it."""
        digest = hashlib.blake2b(content, digest_size=16).hexdigest()
        body = self._bodies.get(digest)
        if body is None:
            kept = self._folder / f"{digest}.br"
            thorough = kept.exists()
            body = kept.read_bytes() if thorough else brotli.compress(content, quality=_QUICK)
            self._bodies[digest] = body
            if not thorough:
                self._work.put((digest, content))
        return body

    def _run(self) -> None:
        while True:
            digest, content = self._work.get()
            self._bodies[digest] = brotli.compress(content, quality=_THOROUGH)
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                unfinished = self._folder / f"{digest}.part"
                unfinished.write_bytes(self._bodies[digest])
                unfinished.replace(self._folder / f"{digest}.br")
            except OSError as error:
                log.warning("a compressed file was not kept: %s", error)


def register(server: Flask, files: StaticFiles) -> None:
    """Compress static answers and let browsers keep those whose address changes with their content."""

    @server.after_request
    def polish(response: Response) -> Response:
        if response.status_code != 200 or not request.path.startswith(_PREFIXES):
            return response
        # Dash writes the version into the path, or the time of change into `?m=`.
        fingerprinted = "m" in request.args or ".v" in request.path.rsplit("/", 1)[-1]
        age = "public, max-age=31536000, immutable" if fingerprinted else "public, max-age=3600"
        response.headers["Cache-Control"] = age
        if response.mimetype not in _TYPES or "br" not in request.headers.get("Accept-Encoding", ""):
            return response
        response.direct_passthrough = False
        content = response.get_data()
        if len(content) >= _LEAST_BYTES:
            response.set_data(files.compressed(content))
            response.headers["Content-Encoding"] = "br"
            response.headers.add("Vary", "Accept-Encoding")
        return response
