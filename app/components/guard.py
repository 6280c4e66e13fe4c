"""One part that fails must not take the page with it."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable
from typing import Any

from app.components.states import failed
from monitoring.tracing import mark_failed

Parts = dict[str, dict[str, Any]]

log = logging.getLogger(__name__)


def guarded(part_ids: Iterable[str], what: str, make: Callable[[], Parts], *, chart: bool = False) -> Parts:
    """What `make` returns; if it fails, an error with a reference in the place of each part (of a chart: its note)."""
    try:
        return make()
    except Exception as error:
        mark_failed(error)
        reference = secrets.token_hex(4)
        log.exception("%s could not be shown (reference %s)", what, reference)
        content = failed(what, reference)
        return {f"{name}-note" if chart else name: {"children": content} for name in part_ids}
