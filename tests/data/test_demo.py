from __future__ import annotations

import itertools
from collections import Counter
from statistics import mean
from typing import Any

import pytest

from data.demo.history import generate
from data.demo.rhythm import incidents
from data.models import CallEvent, Direction, EndReasonGroup, Status
from data.times import DAY, HOUR, SECOND

END = 1_790_000_000 * SECOND
COST_PARTS = ("cost_telephony", "cost_stt", "cost_llm", "cost_tts", "cost_platform")
LATENCY_PARTS = ("latency_stt_ms", "latency_llm_ms", "latency_tts_ms", "latency_network_ms")
ONLY_ANSWERED = ("duration_seconds", "transferred", "cost", "latency_ms", "turns", "csat", "sentiment")


def hash_caller(number: str) -> tuple[str, str]:
    return f"hash of {number}", number[-2:]


def history(**arguments: Any) -> list[CallEvent]:
    wanted: dict[str, Any] = {"end": END, "hash_caller": hash_caller} | arguments
    return list(itertools.chain.from_iterable(generate(**wanted)))


@pytest.fixture(scope="module")
def calls() -> list[CallEvent]:
    return history()


def share(calls: list[CallEvent], *statuses: Status) -> float:
    return sum(call["status"] in statuses for call in calls) / len(calls)


def within(calls: list[CallEvent], start: int, end: int) -> list[CallEvent]:
    return [call for call in calls if start <= call["started_at"] < end]


def known(calls: list[CallEvent], name: str) -> float:
    return sum(name in call for call in calls) / len(calls)


def average(calls: list[CallEvent], name: str) -> float:
    return mean(call[name] for call in calls if name in call)  # type: ignore[literal-required]


def test_the_same_arguments_give_the_same_calls() -> None:
    assert history(days=2) == history(days=2)


@pytest.mark.parametrize("other", [{"seed": 2}, {"end": END + DAY}])
def test_another_seed_or_end_gives_other_calls(other: dict[str, int]) -> None:
    ids = {call["call_id"] for call in history(days=2)}
    assert ids.isdisjoint(call["call_id"] for call in history(days=2, **other))


def test_it_gives_as_many_calls_a_day_as_asked_for(calls: list[CallEvent]) -> None:
    assert len(calls) == pytest.approx(60_000, rel=0.02)
    assert len(history(days=7, calls_per_day=200)) == pytest.approx(1400, rel=0.12)


def test_chunks_are_small_and_oldest_first() -> None:
    chunks = list(generate(end=END, days=12, hash_caller=hash_caller))
    starts = [call["started_at"] for chunk in chunks for call in chunk]
    assert max(map(len, chunks)) < 6000
    assert starts == sorted(starts)


def test_the_first_chunk_of_ten_million_calls_comes_without_the_others() -> None:
    first = next(generate(end=END, days=365, calls_per_day=27_400, hash_caller=hash_caller))
    assert 4000 < len(first) < 6000


def test_calls_lie_in_the_asked_days_and_have_ended(calls: list[CallEvent]) -> None:
    assert min(call["started_at"] for call in calls) >= END - 60 * DAY
    assert max(call["ended_at"] for call in calls) <= END
    assert all(call["updated_at"] == call["ended_at"] for call in calls)


def test_call_ids_are_unique(calls: list[CallEvent]) -> None:
    assert len({call["call_id"] for call in calls}) == len(calls)


def test_times_of_a_call_are_in_order_and_agree_with_its_durations(calls: list[CallEvent]) -> None:
    for call in calls:
        times = [call[name] for name in ("started_at", "queued_at", "answered_at", "ended_at") if name in call]
        assert times == sorted(times)
        if "answered_at" in call:
            assert call["duration_seconds"] == (call["ended_at"] - call["answered_at"]) / SECOND
        if "wait_seconds" in call:
            served = call.get("answered_at", call["ended_at"])
            assert call["wait_seconds"] == (served - call["queued_at"]) / SECOND


def test_parts_of_a_conversation_are_no_longer_than_it(calls: list[CallEvent]) -> None:
    for call in calls:
        assert call.get("silence_seconds", 0) <= call.get("duration_seconds", 0) + 0.05
        assert call.get("hold_seconds", 0) <= call.get("duration_seconds", 0) + 0.05


def test_a_call_without_an_answer_has_nothing_that_an_answer_brings(calls: list[CallEvent]) -> None:
    unanswered = [call for call in calls if "answered_at" not in call]
    assert {call["status"] for call in unanswered} == {Status.ABANDONED, Status.MISSED, Status.ERROR}
    assert not [call for call in unanswered if any(name in call for name in ONLY_ANSWERED)]


def test_only_inbound_calls_queue_and_only_queued_calls_wait(calls: list[CallEvent]) -> None:
    assert {call["direction"] for call in calls if "queued_at" in call} == {Direction.INBOUND}
    assert not [call for call in calls if "wait_seconds" in call and "queued_at" not in call]


def test_outcomes_have_the_rates_of_a_working_operation(calls: list[CallEvent]) -> None:
    assert 0.88 < share(calls, Status.SUCCESS) < 0.93
    assert 0.03 < share(calls, Status.ABANDONED) < 0.045
    assert 0.01 < share(calls, Status.ERROR) < 0.02
    assert 0.01 < share(calls, Status.MISSED) < 0.03
    assert 0.01 < share(calls, Status.VOICEMAIL) < 0.03
    assert 0.002 < share(calls, Status.INVALID) < 0.004


def test_most_calls_are_inbound_and_voicemail_is_met_by_outbound_ones(calls: list[CallEvent]) -> None:
    directions = Counter(call["direction"] for call in calls)
    assert directions[Direction.INBOUND] > 0.7 * len(calls)
    assert min(directions[d] for d in Direction) > 0.05 * len(calls)
    assert {call["direction"] for call in calls if call["status"] == Status.VOICEMAIL} == {Direction.OUTBOUND}


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("csat", 0.22, 0.28), ("cost", 0.83, 0.92), ("latency_ms", 0.75, 0.9), ("latency_llm_ms", 0.6, 0.8)],
)
def test_optional_figures_are_known_for_a_part_of_the_calls(
    calls: list[CallEvent], name: str, low: float, high: float
) -> None:
    assert low < known(calls, name) < high


def test_cost_parts_sum_to_the_cost_in_dollars(calls: list[CallEvent]) -> None:
    for call in calls:
        assert ("cost" in call) == ("currency" in call)
        assert abs(sum(call.get(part, 0.0) for part in COST_PARTS) - call.get("cost", 0.0)) < 1e-9  # type: ignore[misc]
    assert 0.05 < average(calls, "cost") / (average(calls, "duration_seconds") / 60) < 0.25


def test_latency_stages_sum_to_less_than_the_whole_and_have_a_long_tail(calls: list[CallEvent]) -> None:
    for call in calls:
        assert sum(call.get(part, 0.0) for part in LATENCY_PARTS) <= call.get("latency_ms", 0.0)  # type: ignore[misc]
    latencies = sorted(call["latency_ms"] for call in calls if "latency_ms" in call)
    median, p99 = latencies[len(latencies) // 2], latencies[len(latencies) * 99 // 100]
    assert 700 < median < 1300
    assert p99 > 1.8 * median


def test_the_reason_of_an_end_fits_the_outcome(calls: list[CallEvent]) -> None:
    groups: dict[str, set[str]] = {}
    for call in calls:
        groups.setdefault(call["status"], set()).add(call["end_reason_group"])
        assert (call["end_reason"] == "assistant-forwarded-call") == call.get("transferred", False)
    assert groups[Status.ERROR] == {EndReasonGroup.TELEPHONY, EndReasonGroup.PLATFORM_ERROR}
    assert groups[Status.VOICEMAIL] == {EndReasonGroup.VOICEMAIL}
    assert groups[Status.ABANDONED] == {EndReasonGroup.CUSTOMER}
    assert not groups[Status.SUCCESS] & groups[Status.ERROR]
    assert set().union(*groups.values()) == set(EndReasonGroup)


def test_nights_and_weekends_are_quiet_and_volume_grows(calls: list[CallEvent]) -> None:
    by_hour = Counter(call["started_at"] // HOUR % 24 for call in calls)
    assert by_hour.most_common(1)[0][0] in range(9, 18)
    assert by_hour[3] < 0.3 * by_hour[15]
    by_weekday = Counter((call["started_at"] // DAY + 3) % 7 for call in calls)
    assert max(by_weekday[5], by_weekday[6]) < 0.75 * min(by_weekday[day] for day in range(5))
    first, last = (len(within(calls, end - 14 * DAY, end)) for end in (END - 46 * DAY, END))
    assert 1.0 < last / first < 1.3


def test_the_slowdown_shows_in_latency_and_errors(calls: list[CallEvent]) -> None:
    slowdown, _ = incidents(END)
    met = within(calls, slowdown.start, slowdown.end)
    before = within(calls, slowdown.start - DAY, slowdown.start)
    assert slowdown.end - slowdown.start == 3 * HOUR
    assert average(met, "latency_ms") > 1.6 * average(before, "latency_ms")
    assert 0.08 < share(met, Status.ERROR) < 0.22
    assert share(before, Status.ERROR) < 0.03


def test_the_carrier_outage_shows_in_failed_phone_calls(calls: list[CallEvent]) -> None:
    _, outage = incidents(END)
    met = within(calls, outage.start, outage.end)
    assert share(met, Status.ERROR) > 0.2
    assert share(met, Status.ERROR, Status.MISSED) > 0.35
    carriers = {c["metadata"].get("carrier") for c in met if c["end_reason_group"] == EndReasonGroup.TELEPHONY}
    assert carriers == {"northline"}


def test_a_newer_version_of_an_agent_replaces_the_older_and_is_better(calls: list[CallEvent]) -> None:
    versions = {agent: sorted({c["agent_version"] for c in calls if c["agent"] == agent}) for agent in ("roxy", "max")}
    assert versions == {"roxy": ["3.1", "3.2"], "max": ["2.7"]}
    roxy = [call for call in calls if call["agent"] == "roxy"]
    older, newer = ([c for c in roxy if c["agent_version"] == version] for version in versions["roxy"])
    assert max(c["started_at"] for c in older) < END - 20 * DAY < max(c["started_at"] for c in newer)
    assert average(newer, "latency_ms") < average(older, "latency_ms")
    assert average(newer, "csat") > average(older, "csat")


def test_each_number_is_hashed_once_and_some_people_call_again() -> None:
    asked: list[str] = []

    def remember(number: str) -> tuple[str, str]:
        asked.append(number)
        return hash_caller(number)

    calls = history(days=5, hash_caller=remember)
    heard = Counter(call["caller_hash"] for call in calls if "caller_hash" in call)
    assert len(asked) == len(set(asked)) == len(heard)
    assert sum(times > 1 for times in heard.values()) > 0.2 * len(heard)
    assert heard.most_common(1)[0][1] < 0.01 * len(calls)


def test_values_are_plain_and_of_the_types_of_a_call_event(calls: list[CallEvent]) -> None:
    plain = {"str": str, "int": int, "float": float, "bool": bool, "list[str]": list, "dict[str, Any]": dict}
    plain["dict[str, int]"] = dict
    types = {name: plain[hint.__forward_arg__] for name, hint in CallEvent.__annotations__.items()}
    for call in calls[::5]:
        assert not [(name, value) for name, value in call.items() if type(value) is not types[name]]
