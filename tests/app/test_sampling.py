"""The running program samples itself and its targets, and keeps that over a restart."""

from __future__ import annotations

from pathlib import Path

from data.samples.store import SampleStore
from tests.app.conftest import run_program, stop_program
from tests.data.samples.support import Exposed, written
from tests.servers import free_port, wait_until


def test_it_samples_itself_and_its_targets(tmp_path: Path) -> None:
    phone, port = Exposed("calls_total 3\n"), str(free_port())
    for _ in range(2):
        asked = len(phone.asked)
        targets = f"phone=http://{phone.address}/metrics"
        program = run_program(tmp_path, "serve", SCRAPE_TARGETS=targets, PROMETHEUS_PORT=port)
        wait_until(lambda asked=asked: len(phone.asked) > asked)  # type: ignore[misc]
        stop_program(program)
    phone.close()
    [file] = tmp_path.rglob("samples.sqlite")
    store = SampleStore(file)
    store.open()
    found = written(store)
    store.close()
    assert {value for _, value in found[f"calls_total{{instance={phone.address},job=phone}}"]} == {3}
    for name in ("up", "voicehive_database_up"):
        samples = found[f"{name}{{instance=127.0.0.1:{port},job=voicehive}}"]
        assert len(samples) >= 2
        assert {value for _, value in samples} == {1}
