"""Promise 8: with a full disk nothing that was acknowledged is lost, calls can be read, and it goes on once there is
room."""

from __future__ import annotations

import sqlite3

from sqlalchemy import event

from app.factory import App
from tests.app.conftest import Client, call


class Disk:
    """So many pages may the record have."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._pages = 0
        event.listen(app.services.record.engine, "checkout", self._apply)

    def allow(self, pages: int) -> None:
        self._pages = pages

    def _apply(self, connection: sqlite3.Connection, *_: object) -> None:
        if self._pages:
            connection.execute(f"PRAGMA max_page_count = {self._pages}")


def test_what_was_acknowledged_stays_and_the_rest_is_refused(app: App, client: Client) -> None:
    disk, stored = Disk(app), 0
    disk.allow(200)
    for turn in range(1_000):
        answer = client.post("/api/calls", json=[call(f"{turn}/{n}", metadata={"x": "y" * 400}) for n in range(20)])
        if answer.status_code != 201:
            break
        stored += 20
    assert (answer.status_code, answer.json["error"]["code"]) == (507, "storage_full")
    assert stored
    for _ in range(3):
        assert client.post("/api/calls", json=[call("big", metadata={"x": "y" * 60_000})]).status_code == 507
    assert client.get("/api/calls").json["total"] == stored
    assert client.get("/api/kpis").json["total_calls"] == stored
    assert client.get("/").status_code == 200
    disk.allow(100_000)
    assert client.post("/api/calls", json=call("later")).status_code == 201
    assert client.get("/api/calls").json["total"] == stored + 1
