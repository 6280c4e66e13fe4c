"""What the doors cost: a sign-in, and the check of a session, token or key on each request."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from app.auth.passwords import hash_password, is_right
from app.factory import App, create_app
from app.settings import Settings
from data.access.keys import add_key
from data.access.roles import Role, Scope
from data.access.users import add_user
from tests.bench.table import Baseline, Line

_PASSWORD = "a long password"
_SIGN_INS = 15
#: Short turns: whatever else the machine does meets both alike.
_ROUNDS, _REQUESTS = 200, 5
_OWN = {"Origin": "http://localhost"}


def lines(calls: int, scratch: Path) -> Iterator[Line]:
    """Sign-in, and what a request costs more with each kind of credential."""
    guarded = create_app(Settings(var_dir=scratch / "on"))
    open_to_all = create_app(Settings(var_dir=scratch / "off", auth=False))
    record = guarded.services.record
    add_user(record, "ann", Role.ADMIN, hash_password(_PASSWORD))
    _, key = add_key(record, "bench", [Scope.READ], "bench")
    stored = hash_password(_PASSWORD)
    bare = Baseline("the password's hash alone", _median(lambda: is_right(_PASSWORD, stored)))
    yield Line("sign-in by the page", _median(lambda: _sign_in(guarded)), "ms", 150, baselines=[bare])
    browser = guarded.server.test_client()
    browser.post("/login", data={"name": "ann", "password": _PASSWORD}, headers=_OWN)
    given: Any = guarded.server.test_client().post(
        "/api/auth/token", json={"username": "ann", "password": _PASSWORD}
    )  # fmt: skip
    program, free = guarded.server.test_client(), open_to_all.server.test_client()
    bearers = {"a key": key, "an access token": given.json["access_token"]}
    asked: dict[str, Callable[[], Any]] = {"a session": lambda: browser.get("/api/openapi.json")}
    for name, token in bearers.items():
        headers = {"Authorization": f"Bearer {token}"}
        asked[name] = partial(program.get, "/api/openapi.json", headers=headers)
    for name, ask in asked.items():
        assert ask().status_code == 200, name
        more = _more(lambda: free.get("/api/openapi.json"), ask)
        yield Line(f"request with {name}, more than without", more * 1e3, "ms", 1)
    for made in (guarded, open_to_all):
        made.services.copy.close()
        made.services.record.close()


def _sign_in(app: App) -> None:
    client = app.server.test_client()
    answer = client.post("/login", data={"name": "ann", "password": _PASSWORD}, headers=_OWN)
    assert answer.status_code == 303


def _median(run: Callable[[], object]) -> float:
    """Milliseconds."""
    taken = []
    for _ in range(_SIGN_INS):
        started = time.perf_counter()
        run()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken) * 1e3


def _more(bare: Callable[[], object], checked: Callable[[], object]) -> float:
    """Seconds that the second takes longer: the median of rounds in which both take turns."""
    taken = []
    for _ in range(_ROUNDS):
        seconds = []
        for run in (bare, checked):
            started = time.perf_counter()
            for _ in itertools.repeat(None, _REQUESTS):
                run()
            seconds.append((time.perf_counter() - started) / _REQUESTS)
        taken.append(seconds[1] - seconds[0])
    return statistics.median(taken)
