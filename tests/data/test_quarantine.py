"""What could not be read is kept, within bounds, and goes when it is old; a signature is used once."""

from __future__ import annotations

import pytest

from data import quarantine
from data.policy import Policy
from data.quarantine import Unread, count_waiting, find, keep, list_waiting, remove
from data.record import Record
from data.retention import run
from data.signatures import REMEMBERED, digest_of, is_used, note_used
from data.times import DAY
from tests.data.support import T0


def unread(body: bytes = b"\x00\xff{", reason: str = "not\x00 JSON") -> Unread:
    return Unread("retell", reason, "application/json", body)


def test_a_message_is_kept_as_it_came(record: Record) -> None:
    assert keep(record, [unread(), unread(b"x" * 20_000)], T0) == 0
    large, small = list_waiting(record, limit=10)
    assert (small["body"], small["reason"], small["at"], small["size"]) == (b"\x00\xff{", "not JSON", T0, 3)
    assert (len(large["body"]), large["size"]) == (quarantine.SHOWN_BYTES, 20_000)
    assert [row["id"] for row in list_waiting(record, limit=10, before=large["id"])] == [small["id"]]
    found = find(record, large["id"])
    assert found is not None and len(found.body) == 20_000
    assert (remove(record, large["id"]), remove(record, large["id"]), count_waiting(record)) == (True, False, 1)


def test_the_oldest_go_where_there_is_no_room(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "MOST_BYTES", 250)
    assert [keep(record, [unread(bytes([n]) * 100)], T0) for n in range(4)] == [0, 0, 1, 1]
    assert [row["body"][:1] for row in list_waiting(record, limit=9)] == [b"\x03", b"\x02"]
    monkeypatch.setattr(quarantine, "MOST_ROWS", 1)
    assert keep(record, [unread(b"")], T0) == 2


def test_what_is_old_goes(record: Record) -> None:
    keep(record, [unread()], T0)
    keep(record, [unread()], T0 + 20 * DAY)
    assert run(record, Policy(quarantine=30), T0 + 40 * DAY) == {"quarantine": 1}


def test_a_signature_is_used_once(record: Record) -> None:
    digest, other = digest_of("retell", "abc"), digest_of("bland", "abc")
    assert not is_used(record, digest)
    note_used(record, digest, T0)
    note_used(record, digest, T0)
    assert (is_used(record, digest), is_used(record, other)) == (True, False)
    note_used(record, other, T0 + REMEMBERED + 1)
    assert not is_used(record, digest), "long ago: its time alone makes it too old"
