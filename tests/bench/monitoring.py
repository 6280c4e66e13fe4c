"""What being measured costs a backend: a call, a request, a scrape, the import. Each in a process of its own.

`python -m tests.bench.monitoring PART` measures one part and prints its figures as JSON.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.program import ROOT
from tests.bench.table import Baseline, Line
from tests.monitoring.receiver import Receiver

_RUNS = 9


def lines(calls: int, scratch: Path) -> Iterator[Line]:
    """All parts, one after the other."""
    call = _measured("call")
    bare = [Baseline("labels() and inc() and observe() of prometheus_client", call["bare"])]
    yield Line("record_call_metrics, a call", call["ours"], "µs", 5, baselines=bare)
    with Receiver() as receiver:
        request = _measured("request", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
    yield Line("a Flask request, more with metrics and traces", request["more"], "ms", 0.3)
    yield Line("a Flask request without them", request["bare"], "ms")
    scrape = _measured("scrape")
    yield Line(f"scrape at {scrape['series']:,.0f} series", scrape["ms"], "ms", 300)
    attack = _measured("attack")
    yield Line("series after 100,000 names of agents", attack["series"], "series", 10_000)
    yield Line("scrape after 100,000 names of agents", attack["ms"], "ms", 1_000)
    imports = [_measured("import") for _ in range(_RUNS)]
    yield Line("import of monitoring", statistics.median(one["seconds"] for one in imports), "s", 0.5)
    yield Line("memory after the import of monitoring", statistics.median(one["mb"] for one in imports), "MB", 60)


def _measured(part: str, **environment: str) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.monitoring", part]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=True, timeout=180
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _each(run: Callable[[], object], times: int) -> float:
    """Seconds of one run: the median over several rounds."""
    rounds = []
    for _ in range(_RUNS):
        started = time.perf_counter()
        for _ in range(times):
            run()
        rounds.append((time.perf_counter() - started) / times)
    return statistics.median(rounds)


def _call() -> dict[str, float]:
    from prometheus_client import CollectorRegistry, Counter, Histogram

    from monitoring.instrumentation import get_instrumentation
    from monitoring.metrics import CALL_BUCKETS

    i = get_instrumentation()
    registry = CollectorRegistry()
    calls = Counter("calls", "Calls.", ["status", "agent"], registry=registry)
    durations = Histogram("seconds", "Time.", ["status", "agent"], buckets=CALL_BUCKETS, registry=registry)

    def bare() -> None:
        calls.labels("success", "roxy").inc()
        durations.labels("success", "roxy").observe(42.0)

    ours = _each(lambda: i.record_call_metrics(duration=42.0, status="success", agent="roxy"), 20_000)
    return {"ours": ours * 1e6, "bare": _each(bare, 20_000) * 1e6}


def _request() -> dict[str, float]:
    from flask import Flask

    from monitoring.instrumentation import setup_instrumentation

    def client(instrumented: bool) -> Callable[[], object]:
        app = Flask(__name__)
        app.add_url_rule("/calls/<name>", view_func=lambda name: name)
        if instrumented:
            setup_instrumentation(app)
        made = app.test_client()
        return lambda: made.get("/calls/one")

    bare, ours = client(False), client(True)
    pairs = [(_each(bare, 100), _each(ours, 100)) for _ in range(_RUNS)]
    more = statistics.median(with_it - without for without, with_it in pairs)
    return {"more": more * 1e3, "bare": statistics.median(without for without, _ in pairs) * 1e3}


def _scrape() -> dict[str, float]:
    from prometheus_client import CollectorRegistry

    from monitoring.metrics import CALL_STATUSES, Metrics

    metrics = Metrics(CollectorRegistry())
    for agent in range(1_000):
        for status in (*CALL_STATUSES, "strange"):
            metrics.count_call(status, f"agent-{agent}", 60.0)
    for route in range(1_000):
        for code in (200, 201, 400, 404, 500, 503):
            metrics.count_request("GET", f"/route-{route}", code, 0.02)
    return _page(metrics.registry)


def _attack() -> dict[str, float]:
    from prometheus_client import CollectorRegistry

    from monitoring.metrics import Metrics

    metrics = Metrics(CollectorRegistry())
    for agent in range(100_000):
        metrics.count_call("success", f"agent-{agent}", 60.0)
    return _page(metrics.registry)


def _page(registry: object) -> dict[str, float]:
    from monitoring.exposition import page

    write = page(registry)  # type: ignore[arg-type]
    series = sum(not line.startswith(b"#") for line in write("")[0].splitlines())
    return {"series": float(series), "ms": _each(lambda: write(""), 1) * 1e3}


def _import() -> dict[str, float]:
    command = "import time; t = time.perf_counter(); import monitoring.instrumentation; t = time.perf_counter() - t; "
    command += "import json, psutil; "
    command += "print(json.dumps({'seconds': t, 'mb': psutil.Process().memory_info().rss / 1e6}))"
    done = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    parts = {"call": _call, "request": _request, "scrape": _scrape, "attack": _attack, "import": _import}
    print(json.dumps(parts[sys.argv[1]]()))
