"""What an exposition says, as series."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

from data.samples.exposition import BadExposition, of_registry, of_text
from tests.data.samples.support import named

TARGET = {"job": "phone", "instance": "10.0.0.5:9100"}


def read(text: str, content_type: str = "text/plain") -> dict[str, float]:
    return {named(labels): value for labels, value in of_text(text, TARGET, content_type)}


def test_a_registry_says_the_same_directly_as_by_its_text() -> None:
    disable_created_metrics()
    registry = CollectorRegistry()
    Gauge("plain", "", registry=registry).set(float("inf"))
    Gauge("labelled", "", ["job", "empty"], registry=registry).labels('a "b"\n\\', "").set(-2.5)
    Counter("calls", "", ["agent"], registry=registry).labels("").inc(3)
    Histogram("seconds", "", ["agent"], buckets=(0.5, 1, 10), registry=registry).labels("roxy").observe(0.7)
    direct = of_registry(registry, TARGET)
    assert direct == of_text(generate_latest(registry).decode(), TARGET)
    assert {named(labels): value for labels, value in direct}["calls_total{instance=10.0.0.5:9100,job=phone}"] == 3


def test_the_targets_labels_win_over_exposed_ones() -> None:
    assert read('m{job="a",exported_job="b",instance=""} 1') == {
        "m{exported_exported_job=a,exported_job=b,instance=10.0.0.5:9100,job=phone}": 1
    }


def test_bounds_are_floats_however_they_are_written() -> None:
    text = '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 1\n# TYPE g gauge\ng{le="1"} 1\n'
    assert [labels.get("le") for labels, _ in of_text(text, {})] == ["1.0", "+Inf", "1"]


def test_openmetrics_is_read_by_its_own_rules() -> None:
    text = '# TYPE calls counter\ncalls_total 3 1700000000 # {trace_id="a"} 1\n# EOF\n'
    assert read(text, "application/openmetrics-text; version=1.0.0") == {
        "calls_total{instance=10.0.0.5:9100,job=phone}": 3
    }


@pytest.mark.parametrize("text", ["<html>no</html>", "m{", 'm{a="b} 1', "m one", "m", '{"a": 1}'])
def test_what_is_no_exposition_is_refused(text: str) -> None:
    with pytest.raises(BadExposition):
        read(text)


@given(st.text(alphabet='ab{}",=\\ \n#1.e+- \t_:Nx', max_size=60), st.booleans())
def test_whatever_a_target_sends_it_is_read_or_refused(text: str, openmetrics: bool) -> None:
    try:
        of_text(text, TARGET, "application/openmetrics-text" if openmetrics else "text/plain")
    except BadExposition as error:
        assert str(error)
