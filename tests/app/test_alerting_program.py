"""The real program tells of alerts with nothing but settings, reloads on a signal, and gives the lease back."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psutil
import pytest
from sqlalchemy import select

from data.models import leases
from data.record import Record
from tests.alerts.hook import Hook
from tests.app.conftest import run_program, stop_program
from tests.servers import wait_until


@pytest.mark.slow
def test_settings_are_enough_to_be_told(tmp_path: Path) -> None:
    with Hook() as hook:
        program = run_program(tmp_path, "serve", ALERT_WEBHOOK_URL=hook.url("/all"), EXTERNAL_URL="http://v.example/")
        workers = psutil.Process(program.process.pid).children()
        os.kill(int((tmp_path / "serving.pid").read_text()), signal.SIGHUP)
        # The watchdog fires with the first evaluation; the group of everything waits for half a minute.
        [told] = hook.wait_for(1, "/all")
        assert told.body["externalURL"] == "http://v.example"
        assert told.body["alerts"][0]["labels"]["alertname"] == "Watchdog"
        assert told.body["alerts"][0]["generatorURL"].startswith("http://v.example/alerts?fingerprint=")
        assert psutil.Process(program.process.pid).children() == workers, "a reload starts no second worker"
        sent = 'voicehive_notifications_total{integration="webhook",outcome="sent"} 1.0'
        wait_until(lambda: sent in program.metrics(), "it is counted")
        assert "voicehive_lease_held 1.0" in program.metrics() and "voicehive_outbox_messages 0.0" in program.metrics()
        stopped_at = time.monotonic()
        assert stop_program(program) == 0
        assert time.monotonic() - stopped_at < 8
    record = Record(f"sqlite:///{tmp_path / 'voicehive.db'}")
    with record.read() as connection:
        assert connection.execute(select(leases.c.expires_at)).scalars().all() == [0]
    record.close()
