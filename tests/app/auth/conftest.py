"""An app with accounts: one person of each role, one key of each scope, all with what they show."""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.auth.passwords import hash_password
from app.factory import App
from data.access.keys import add_key
from data.access.roles import Role, Scope
from data.access.sessions import Sessions
from data.access.users import add_user
from tests.app.conftest import Client, unwired, wired

PASSWORD = "correct horse battery"
_MACHINES = itertools.count()
_HASH = hash_password(PASSWORD)
#: What a browser sends along with a form of our own page.
OWN = {"Origin": "http://localhost"}


@dataclass(frozen=True)
class Guarded:
    """The app and those who may come."""

    app: App
    keys: dict[str, str]

    @property
    def record(self) -> Any:
        return self.app.services.record

    @property
    def sessions(self) -> Sessions:
        return self.app.services.sessions

    def browser(self, address: str | None = None) -> Client:
        """Nobody's browser yet, on a machine of its own: wrong passwords are counted by address."""
        client = self.app.server.test_client()
        client.environ_base["REMOTE_ADDR"] = address or str(ipaddress.ip_address("10.9.0.0") + next(_MACHINES))
        return client

    def signed_in(self, name: str) -> Client:
        """The browser of the person whose name is the role."""
        client = self.browser()
        assert sign_in(client, name).status_code == 303
        return client


def sign_in(client: Client, name: str, password: str = PASSWORD, **fields: str) -> Any:
    return client.post("/login", data={"name": name, "password": password} | fields, headers=OWN)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def guarded_app(var_dir: Path, **settings: Any) -> Guarded:
    app = wired(var_dir, auth=True, **settings)
    record = app.services.record
    for role in Role:
        add_user(record, role.value, role, _HASH)
    keys = {}
    for scope in Scope:
        view = "/trends?agent=roxy&kiosk=1" if scope is Scope.KIOSK else None
        keys[scope.value] = add_key(record, scope.value, [scope], "admin", view=view)[1]
    return Guarded(app, keys)


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Guarded]:
    """An app of the test's own."""
    made = guarded_app(tmp_path)
    yield made
    unwired(made.app)


@pytest.fixture(params=["record", "redis"])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Guarded]:
    """An app of the test's own, with its sessions in either store."""
    settings = {"redis_url": request.getfixturevalue("redis_url")} if request.param == "redis" else {}
    made = guarded_app(tmp_path, **settings)
    yield made
    unwired(made.app)


@pytest.fixture(scope="package")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """An app for tests that change nothing others rely on."""
    made = guarded_app(tmp_path_factory.mktemp("guarded"))
    yield made
    unwired(made.app)
