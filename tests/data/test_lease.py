"""One of several instances leads: a lease is taken once, kept, taken over and given back."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from data.lease import Lease, LeaseLost
from data.models import leases
from data.record import Record
from tests.servers import wait_until


def test_one_of_many_takes_it(record: Record) -> None:
    made = [Lease(record, "work", str(number)) for number in range(6)]
    with ThreadPoolExecutor(6) as threads:
        taken = list(threads.map(lambda lease: lease.renew(), made))
    assert taken.count(True) == 1
    assert [each.held for each in made] == taken
    assert [each.elsewhere for each in made] == [not each for each in taken]


def test_names_have_leases_of_their_own(record: Record) -> None:
    assert Lease(record, "work", "a").renew() and Lease(record, "play", "b").renew()


def test_a_holder_that_dies_loses_it_when_its_time_is_over(record: Record) -> None:
    first, second = Lease(record, "work", "a", 0.4), Lease(record, "work", "b", 0.4)
    assert first.renew() and not second.renew()
    wait_until(second.renew, "the second takes over", within=5)
    assert not first.held, "it never lasts longer here than in the database"
    assert not first.renew() and first.elsewhere


def test_the_same_instance_goes_on_at_once_after_a_restart(record: Record) -> None:
    assert Lease(record, "work", "a", 60).renew()
    assert Lease(record, "work", "a", 60).renew()


def test_a_clean_stop_gives_it_back(record: Record) -> None:
    first, second = Lease(record, "work", "a", 60), Lease(record, "work", "b", 60)
    first.start()
    assert not second.renew()
    first.stop()
    assert not first.held and second.renew()
    with record.read() as connection:
        assert connection.execute(select(leases.c.holder)).scalar_one() == "b"


def test_it_is_kept_as_long_as_its_holder_lives(record: Record) -> None:
    first, second = Lease(record, "work", "a", 0.6), Lease(record, "work", "b", 0.6)
    first.start()
    until = time.monotonic() + 1.5
    while time.monotonic() < until:
        assert not second.renew()
        time.sleep(0.05)
    first.stop()


def test_a_transaction_keeps_others_from_taking_over_and_fails_if_one_has(record: Record) -> None:
    first, second = Lease(record, "work", "a", 0.3), Lease(record, "work", "b", 30)
    assert first.renew()
    other = threading.Thread(target=lambda: wait_until(second.renew, "it is over"))
    with record.write() as connection:
        first.confirm(connection)
        other.start()
        time.sleep(0.6)
        assert not second.held, "it waits for the transaction"
    other.join(20)
    assert second.held
    with pytest.raises(LeaseLost), record.write() as connection:
        first.confirm(connection)
    assert not first.held and first.elsewhere


def test_while_the_database_is_away_it_is_not_held_but_nobody_elses(record: Record) -> None:
    lease = Lease(record, "work", "a", 0.2)
    lease.start()
    record.away = lambda: "away"
    wait_until(lambda: not lease.held, "its time is over", within=5)
    assert not lease.elsewhere
    record.away = lambda: None
    wait_until(lambda: lease.held, "it is taken again", within=5)
    lease.stop()
