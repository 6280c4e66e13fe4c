"""The HTTP API of Prometheus: what it takes, what it answers, what it refuses and how."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from app.api.prometheus import query, turns
from app.api.prometheus.notation import moment, number, read_instant, read_span, scientific
from app.factory import App
from tests.app.conftest import Client

#: 2027-01-15 08:00:00 UTC in seconds.
T0 = 1_800_000_000
CALLS = {"__name__": "calls_total", "agent": "max"}
HEAT = {"__name__": "heat", "room": 'é "x"'}


@pytest.fixture
def client(app: App) -> Client:
    """Ten minutes of a counter of two agents and of a gauge that ends after five; a recorded series."""
    for step in range(40):
        at, samples = (T0 + step * 15) * 1000, []
        for agent in ("max", "roxy"):
            samples.append(({"__name__": "calls_total", "agent": agent}, step * (1.5 if agent == "max" else 2)))
        if step < 20:
            samples.append(({"__name__": "heat", "room": 'é "x"'}, 1e21))
        app.services.samples.scraped("phone", at, samples)
        app.services.samples.append(at, [({"__name__": "calls:rate", "agent": "max"}, 0.1)])
    return app.server.test_client()


def data(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    assert answer.json["status"] == "success"
    return answer.json["data"]


def refused(answer: Any) -> tuple[int, str, str]:
    assert set(answer.json) == {"status", "errorType", "error"}
    assert answer.json["status"] == "error"
    return answer.status_code, answer.json["errorType"], answer.json["error"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("calls_total{agent='max'}", ("vector", [{"metric": CALLS, "value": [T0 + 60.5, "6"]}])),
        ("1 / 4", ("scalar", [T0 + 60.5, "0.25"])),
        ("'text'", ("string", [T0 + 60.5, "text"])),
        ("nothing", ("vector", [])),
        ("heat[30s]", ("matrix", [{"metric": HEAT, "values": [[T0 + 45, "1e+21"], [T0 + 60, "1e+21"]]}])),
    ],
)  # fmt: skip
def test_an_instant_query_by_address_or_by_form(client: Client, text: str, expected: tuple[str, Any]) -> None:
    asked = {"query": text, "time": f"{T0 + 60.5}"}
    for answer in (
        client.get("/api/v1/query", query_string=asked),
        client.post("/api/v1/query", data=asked),
        client.post("/api/v1/query", data={"query": text}, query_string={"time": "2027-01-15T09:01:00.5+01:00"}),
    ):
        assert (data(answer)["resultType"], data(answer)["result"]) == expected


def test_a_query_without_a_time_is_of_now(client: Client) -> None:
    before = time.time()
    shown, value = data(client.get("/api/v1/query?query=time()"))["result"]
    assert before - 0.001 <= shown <= time.time()
    assert float(value) == shown


def test_a_backend_without_origin_and_with_a_name_for_this_machine_may_post(client: Client) -> None:
    for host, status in [("localhost:8000", 200), ("evil.example", 403)]:
        assert client.post("/api/v1/query", data={"query": "1"}, headers={"Host": host}).status_code == status
    assert refused(client.post("/api/v1/query", headers={"Origin": "https://evil.example"}))[:2] == (403, "forbidden")


def test_a_range_query_has_a_point_where_there_is_a_value(client: Client) -> None:
    asked = {"query": "calls_total or heat > 0", "start": T0 + 270, "end": T0 + 330, "step": "30s"}
    found = data(client.post("/api/v1/query_range", data=asked))
    assert found["resultType"] == "matrix"
    assert [(each["metric"]["__name__"], each["values"]) for each in found["result"]] == [
        ("calls_total", [[T0 + 270, "27"], [T0 + 300, "30"], [T0 + 330, "33"]]),
        ("calls_total", [[T0 + 270, "36"], [T0 + 300, "40"], [T0 + 330, "44"]]),
        ("heat", [[T0 + 270, "1e+21"]]),
    ]


def test_a_range_query_of_a_number(client: Client) -> None:
    asked = {"query": "1 + 1", "start": "0", "end": "1", "step": "0.5"}
    found = data(client.get("/api/v1/query_range", query_string=asked))["result"]
    assert found == [{"metric": {}, "values": [[0, "2"], [0.5, "2"], [1, "2"]]}]


def test_a_limit_is_kept_and_told(client: Client) -> None:
    at = {"time": T0 + 60, "start": T0, "end": T0 + 60, "step": 15, "query": "calls_total", "match[]": "calls_total"}
    for path in ("query", "query_range", "series", "labels", "label/agent/values"):
        for limit, warnings in [(1, ["results truncated due to limit"]), (2, None), (0, None)]:
            answer = client.get(f"/api/v1/{path}", query_string=at | {"limit": limit})
            found = data(answer)
            assert len(found["result"] if isinstance(found, dict) else found) == (limit or 2)
            assert answer.json.get("warnings") == warnings


def test_a_lookback_can_be_chosen(client: Client) -> None:
    asked = {"query": "calls_total", "time": T0 + 39 * 15 + 100}
    assert len(data(client.get("/api/v1/query", query_string=asked))["result"]) == 2
    assert data(client.get("/api/v1/query", query_string=asked | {"lookback_delta": "1m"}))["result"] == []


@pytest.mark.parametrize(
    ("path", "parameters", "error"),
    [
        ("query", {}, (400, "bad_data", 'invalid parameter "query"')),
        ("query", {"query": "up["}, (400, "bad_data", 'invalid parameter "query": character 4')),
        ("query", {"query": "1", "time": "soon"}, (400, "bad_data", 'parameter "time": cannot parse "soon"')),
        ("query", {"query": "1", "time": "1_0"}, (400, "bad_data", "cannot parse")),
        ("query", {"query": "1", "time": "1e300"}, (400, "bad_data", "cannot parse")),
        ("query", {"query": "1", "time": "2027-02-30T00:00:00Z"}, (400, "bad_data", "cannot parse")),
        ("query", {"query": "1", "timeout": "x"}, (400, "bad_data", 'parameter "timeout"')),
        ("query", {"query": "1", "limit": "-1"}, (400, "bad_data", "non-negative")),
        ("query", {"query": "1", "limit": "x"}, (400, "bad_data", 'parameter "limit"')),
        ("query", {"query": "calls_total * on () calls_total"}, (422, "execution", "many")),
        ("query", {"query": "calls_total[1d:1ms]"}, (422, "execution", "samples: narrow")),
        ("query_range", {"query": "1", "end": "1", "step": "1"}, (400, "bad_data", 'parameter "start"')),
        ("query_range", {"query": "1", "start": "1", "step": "1"}, (400, "bad_data", 'parameter "end"')),
        ("query_range", {"query": "1", "start": "1", "end": "1"}, (400, "bad_data", 'parameter "step"')),
        ("query_range", {"query": "1", "start": "1", "end": "0", "step": "1"}, (400, "bad_data", "before start")),
        ("query_range", {"query": "1", "start": "0", "end": "1", "step": "-1"}, (400, "bad_data", "zero or negative")),
        ("query_range", {"query": "1", "start": "0", "end": "1", "step": "0"}, (400, "bad_data", "zero or negative")),
        ("query_range", {"query": "1", "start": "0", "end": "11001", "step": "1"}, (400, "bad_data", "11,000 points")),
        ("query_range", {"query": "up[1m]", "start": "0", "end": "1", "step": "1"}, (400, "bad_data", "matrix")),
        ("series", {}, (400, "bad_data", "no match[] parameter provided")),
        ("series", {"match[]": "{"}, (400, "bad_data", 'parameter "match[]"')),
        ("series", {"match[]": "up + 1"}, (400, "bad_data", "not a selector")),
        ("series", {"match[]": "up offset 1m"}, (400, "bad_data", "not a selector")),
        ("series", {"match[]": '{a=~".*"}'}, (400, "bad_data", "non-empty matcher")),
        ("label/a/values", {"match[]": "up("}, (400, "bad_data", 'parameter "match[]"')),
        ("query_exemplars", {"query": "up("}, (400, "bad_data", 'parameter "query"')),
        ("query_exemplars", {"query": "up", "start": "2", "end": "1"}, (400, "bad_data", "before start")),
        ("metadata", {"limit": "x"}, (400, "bad_data", 'parameter "limit"')),
    ],
)  # fmt: skip
def test_what_is_refused(client: Client, path: str, parameters: Any, error: tuple[int, str, str]) -> None:
    if "time" not in parameters and path == "query":
        parameters = parameters | {"time": T0 + 300}
    status, kind, message = refused(client.get(f"/api/v1/{path}", query_string=parameters))
    assert (status, kind) == error[:2]
    assert error[2] in message


def test_the_longest_range_that_prometheus_takes(client: Client) -> None:
    asked = {"query": "1", "start": "0", "end": "11000", "step": "1"}
    assert len(data(client.post("/api/v1/query_range", data=asked))["result"][0]["values"]) == 11_001


def test_a_form_that_is_too_large_is_refused(client: Client) -> None:
    status, kind, _ = refused(client.post("/api/v1/query", data={"query": "1" * 200_000}))
    assert (status, kind) == (413, "bad_data")


def test_there_are_no_exemplars_as_in_a_prometheus_that_keeps_none(client: Client) -> None:
    asked = {"query": "calls_total", "start": T0, "end": T0 + 60}
    assert data(client.get("/api/v1/query_exemplars", query_string=asked)) == []
    assert data(client.post("/api/v1/query_exemplars", data=asked)) == []


def test_an_endpoint_that_is_not_there(client: Client) -> None:
    assert client.get("/api/v1/status/walreplay").status_code == 404


def test_series_labels_and_values_of_a_time(client: Client) -> None:
    late = {"start": T0 + 400, "end": T0 + 500}
    calls = [CALLS, CALLS | {"agent": "roxy"}]
    recorded = {"__name__": "calls:rate", "agent": "max"}
    found = client.post("/api/v1/series", data={"match[]": ["heat", 'calls_total{agent=~"m.*"}', "heat"]})
    assert data(found) == [CALLS, HEAT]
    everything = {"match[]": '{__name__!=""}'}
    assert data(client.get("/api/v1/series", query_string=everything)) == [recorded, *calls, HEAT]
    assert data(client.get("/api/v1/series", query_string=everything | late)) == [recorded, *calls]
    before = {"start": T0 - 100, "end": T0 - 1}
    assert data(client.get("/api/v1/series", query_string=everything | before)) == []
    assert data(client.get("/api/v1/labels")) == ["__name__", "agent", "room"]
    assert data(client.get("/api/v1/labels", query_string=late)) == ["__name__", "agent"]
    assert data(client.get("/api/v1/labels?match[]=heat")) == ["__name__", "room"]
    assert data(client.get("/api/v1/label/agent/values")) == ["max", "roxy"]
    assert data(client.get("/api/v1/label/agent/values?match[]=calls:rate")) == ["max"]
    assert data(client.get("/api/v1/label/nothing/values")) == []
    ends = {"start": "-292273086-05-16T16:47:06Z", "end": "292277025-08-18T07:12:54.999999999Z"}
    assert data(client.get("/api/v1/label/room/values", query_string=ends)) == ['é "x"']


def test_metadata_are_those_of_the_exposition(app: App, client: Client) -> None:
    found = data(client.get("/api/v1/metadata"))
    assert found["voicehive_calls_total"] == [{"type": "counter", "help": "Calls that ended.", "unit": ""}]
    assert found["voicehive_api_response_time_seconds"][0]["type"] == "histogram"
    assert found["voicehive_active_calls"][0]["type"] == "gauge"
    assert list(data(client.get("/api/v1/metadata?metric=voicehive_calls_total"))) == ["voicehive_calls_total"]
    assert data(client.get("/api/v1/metadata?metric=unknown")) == {}
    assert len(data(client.get("/api/v1/metadata?limit=2"))) == 2


def test_build_information_names_a_version_that_clients_can_compare(client: Client) -> None:
    found = data(client.get("/api/v1/status/buildinfo"))
    assert set(found) == {"version", "revision", "branch", "buildUser", "buildDate", "goVersion"}
    assert found["version"].startswith("3.")


MANY_TO_MANY = "vector(1) * on () (vector(1) or label_replace(vector(1), 'a', 'b', '', ''))"
SLOW = "count(label_replace(vector(1), 'a', '$1', 'b', '(.*)') or " * 40 + "vector(1)" + ")" * 40


def test_a_query_is_stopped_at_its_timeout(client: Client) -> None:
    asked = {"query": SLOW, "timeout": "1ms", "start": T0, "end": T0 + 10_000, "step": 1}
    assert refused(client.post("/api/v1/query_range", data=asked))[:2] == (503, "timeout")


def test_queries_wait_for_their_turn_no_longer_than_their_timeout(client: Client) -> None:
    with turns.turn():
        assert data(client.get("/api/v1/query?query=1&timeout=10ms"))
        with turns.turn():
            assert refused(client.get("/api/v1/query?query=1&timeout=10ms"))[:2] == (503, "timeout")
            assert refused(client.get("/api/v1/query?query=1&timeout=0"))[:2] == (503, "timeout")
            found: list[Any] = []
            waiting = threading.Thread(target=lambda: found.append(client.get("/api/v1/query?query=1")))
            waiting.start()
        waiting.join()
    assert data(found[0])
    # A query that fails gives its turn back, too.
    for _ in range(5):
        assert refused(client.get("/api/v1/query", query_string={"query": MANY_TO_MANY}))[1] == "execution"
    assert data(client.get("/api/v1/query?query=1&timeout=1s"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (0.1, "0.1"),
        (1.5e-5, "0.000015"),
        (1e-6, "0.000001"),
        (1e-7, "1e-07"),
        (5e-324, "5e-324"),
        (2.0**53, "9007199254740992"),
        (123456789012345678.0, "123456789012345680"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (-1.5e300, "-1.5e+300"),
        (float("inf"), "+Inf"),
        (float("-inf"), "-Inf"),
        (float("nan"), "NaN"),
    ],
)
def test_numbers_are_written_as_prometheus_does(value: float, text: str) -> None:
    assert number(value) == text


def test_values_of_alerts_have_exponents() -> None:
    values = [95.5, 1.0, 0.0, 1e100, -0.00123, float("inf")]
    assert [scientific(value) for value in values] == ["9.55e+01", "1e+00", "0e+00", "1e+100", "-1.23e-03", "+Inf"]


def test_instants_and_spans() -> None:
    assert read_instant("1.5") == read_instant("1970-01-01T00:00:01.5Z") == 1500
    assert read_instant("-1") == -1000
    assert read_instant("1970-01-01T01:00:00.123456789+01:00") == 123
    assert (read_span("15"), read_span("0.5"), read_span("1h30m"), read_span("250ms")) == (15_000, 500, 5_400_000, 250)
    for wrong in ("", "x", "5s", "1e300", "2027-01-15", "20270115T000000Z", "nan", "inf", "٣"):
        with pytest.raises(ValueError):
            read_instant(wrong)
    for wrong in ("", "x", "1d1", "nan", "1e300"):
        with pytest.raises(ValueError):
            read_span(wrong)
    assert moment(1500) == "1970-01-01T00:00:01.500Z"
    assert moment(None) == "0001-01-01T00:00:00Z"


def test_an_answer_that_is_too_long_is_refused(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "MOST_POINTS", 10)
    asked = {"query": "calls_total", "start": T0, "end": T0 + 60, "step": 15}
    assert data(client.get("/api/v1/query_range", query_string=asked))
    status, kind, message = refused(client.get("/api/v1/query_range", query_string=asked | {"end": T0 + 75}))
    assert (status, kind) == (422, "execution")
    assert "12 points, more than 10" in message
