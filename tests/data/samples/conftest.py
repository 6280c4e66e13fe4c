"""Chunks so small that a few hundred samples fill several."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from data.samples import chunk

#: Samples of a series in a chunk.
MOST_COLUMNS = 480


@pytest.fixture(autouse=True, scope="module")
def small_chunks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunk, "_MOST_COLUMNS", MOST_COLUMNS)
        yield
