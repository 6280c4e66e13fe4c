"""Random queries answered as a real Prometheus answers them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from alerts.promql import PromQLError, Scalar, Vector, instant, parse
from tests.alerts.oracle import Answer, answers, same
from tests.alerts.promql.scenarios import STEP, Scenario, scenario
from tests.alerts.promql.support import Memory

#: How many scenarios; more of them: PROMQL_SCENARIOS=500.
SCENARIOS = int(os.environ.get("PROMQL_SCENARIOS", "60"))


def promtool(scenarios: list[Scenario], folder: Path) -> dict[str, Answer]:
    """What Prometheus answers to each query (None: an error), by the query's text.

    Every query is a test that expects nothing: promtool tells what it got instead.
    """
    tests = [
        {
            "interval": f"{STEP // 1000}s{STEP % 1000}ms",
            "input_series": [{"series": name, "values": values} for name, values in each.series.items()],
            "promql_expr_test": [
                {"expr": query, "eval_time": f"{at // 1000}s{at % 1000}ms", "exp_samples": []}
                # promtool loads samples only up to the last whole minute before the latest query.
                for query, at in [*each.queries, ("vector(0) < 0", 3_600_000)]
            ],
        }
        for each in scenarios
    ]
    file = folder / "tests.yml"
    file.write_text(yaml.safe_dump({"rule_files": [], "evaluation_interval": "1m", "tests": tests}), "utf-8")
    return answers([query for each in scenarios for query, _ in each.queries], [file])


def ours(memory: Memory, query: str, at: int) -> Answer:
    try:
        answer = instant(parse(query), memory, at)
    except PromQLError:
        return None
    if isinstance(answer, Scalar):
        return {frozenset(): answer.value}
    assert isinstance(answer, Vector)
    pairs = zip(answer.labels, answer.values.tolist(), strict=True)
    return {frozenset(labels.items()): value for labels, value in pairs}


@pytest.mark.slow
def test_random_queries_have_prometheus_answers(tmp_path: Path) -> None:
    scenarios = [scenario(seed) for seed in range(SCENARIOS)]
    # A comment makes every query's text unique.
    for number, each in enumerate(scenarios):
        each.queries[:] = [(f"{query} # {number}.{index}", at) for index, (query, at) in enumerate(each.queries)]
    expected = promtool(scenarios, tmp_path)
    wrong, full = [], 0
    for each in scenarios:
        memory = Memory().load(STEP, each.series)
        for query, at in each.queries:
            found = ours(memory, query, at)
            full += bool(found)
            if not same(expected[query], found):
                wrong.append(f"{query} at {at}\n  Prometheus: {expected[query]}\n  ours:       {found}")
    assert not wrong, f"{len(wrong)} differ\n" + "\n".join(wrong[:10])
    assert full > 6 * SCENARIOS
