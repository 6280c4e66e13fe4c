"""Finding series by matchers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.samples.index import SeriesIndex
from data.samples.model import Labels, Matcher

VALUES = st.sampled_from(["", "a", "b", "ab", "a\nb"])
SERIES = st.lists(st.dictionaries(st.sampled_from(["x", "y", "z"]), VALUES.filter(bool)), max_size=12)
MATCHERS = st.lists(
    st.builds(
        Matcher,
        st.sampled_from(["x", "y", "none"]),
        st.sampled_from(["=", "!=", "=~", "!~"]),
        st.sampled_from(["", "a", "b", "a|b", "a.*", ".*", ".+"]),
    ),
    max_size=3,
)


def expected(index: SeriesIndex, matchers: list[Matcher]) -> list[Labels]:
    return [labels for labels in index.labels.values() if all(m.matches(labels.get(m.name, "")) for m in matchers)]


def found(index: SeriesIndex, matchers: list[Matcher]) -> list[Labels]:
    return list(index.find(matchers).labels)


@given(SERIES, SERIES, MATCHERS, st.sets(st.integers(0, 20)))
def test_it_finds_what_meets_all_matchers_whatever_came_and_went(
    first: list[Labels], second: list[Labels], matchers: list[Matcher], kept: set[int]
) -> None:
    index = SeriesIndex()
    for labels in first:
        index.number(labels)
    assert found(index, matchers) == expected(index, matchers)
    index.keep(kept & index.labels.keys())
    assert found(index, matchers) == expected(index, matchers)
    for labels in second:
        index.number(labels)
    assert found(index, matchers) == expected(index, matchers)
    assert len({frozenset(labels.items()) for labels in index.labels.values()}) == len(index.labels)


def test_a_bad_pattern_is_an_error() -> None:
    index = SeriesIndex()
    index.number({"__name__": "m"})
    with pytest.raises(ValueError, match="bad regular expression"):
        index.find([Matcher("__name__", "=~", "(")])
