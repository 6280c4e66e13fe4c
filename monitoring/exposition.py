"""The metrics page, in Prometheus' text format or in OpenMetrics with exemplars, as the reader asks."""

from __future__ import annotations

import re
from collections.abc import Callable

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector

from monitoring import environment

#: Given a request's Accept header: body and content type.
Page = Callable[[str], tuple[bytes, str]]


def page(registry: CollectorRegistry) -> Page:
    """The metrics of a registry; with PROMETHEUS_MULTIPROC_DIR set, those of all worker processes together."""

    def render(accept: str) -> tuple[bytes, str]:
        chosen = registry
        # prometheus_client's own switch for servers with several workers; it keeps the values in that folder.
        if environment.has_worker_processes():
            chosen = CollectorRegistry()
            MultiProcessCollector(chosen)  # type: ignore[no-untyped-call]
        encoder, content_type = choose_encoder(accept)
        body: bytes = encoder(chosen)
        return body, str(content_type)

    return render


def url_of(path: str) -> str:
    """A regular expression for the URL of a page: reading it is not worth a trace."""
    return rf"^[a-z]+://[^/]+{re.escape(path)}(\?|$)"
