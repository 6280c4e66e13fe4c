from __future__ import annotations

import pytest

from app.auth.agents import agent_name

_MOZILLA = "Mozilla/5.0"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f"{_MOZILLA} (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (
            f"{_MOZILLA} (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        (
            f"{_MOZILLA} (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18 Safari/604",
            "Safari on iPhone",
        ),
        (_MOZILLA, "Browser"),
        ("python-requests/2.32", "python-requests/2.32"),
        ("", "Unknown program"),
    ],
)
def test_a_browser_is_called_by_its_name(text: str, name: str) -> None:
    assert agent_name(text) == name
