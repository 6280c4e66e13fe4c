"""The pages: which there are, which one an address means, and the Dash object that serves them."""

from __future__ import annotations

from collections.abc import Mapping

from app.pages.create import create_dash
from app.pages.table import PAGES, Page, PartsOf, find, page_name

#: What a page refreshes itself with: name of the page -> its parts.
LIVE_PARTS: Mapping[str, PartsOf] = {page.name: page.parts for page in PAGES}

__all__ = ["LIVE_PARTS", "PAGES", "Page", "create_dash", "find", "page_name"]
