"""What is read as PromQL, and what is refused, where and why."""

from __future__ import annotations

import subprocess
import sys

import pytest

from alerts.promql import PromQLError, parse
from alerts.promql.nodes import Number, Selector, String, Subquery


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1", "scalar"),
        ("-(1 + 2)", "scalar"),
        ("1 == bool 2", "scalar"),
        ("time()", "scalar"),
        ("'a'", "string"),
        ("(x)", "vector"),
        ("vector(1) + 1", "vector"),
        ("sum by (a) (x)", "vector"),
        ("-x", "vector"),
        ("x[5m]", "matrix"),
        ("x[5m:]", "matrix"),
    ],
)
def test_a_query_knows_what_it_evaluates_to(text: str, kind: str) -> None:
    assert parse(text).kind == kind


@pytest.mark.parametrize(
    ("text", "value"), [("1h30m", 5400), ("0x1f", 31), (".5", 0.5), ("5.", 5), ("1e-3", 0.001), ("+Inf", float("inf"))]
)
def test_numbers_and_durations(text: str, value: float) -> None:
    assert parse(text).root == Number(value)


def test_a_name_may_be_any_text_in_quotes() -> None:
    root = parse('{"calls.total", "agent name"="roxy"}').root
    assert isinstance(root, Selector)
    assert [(each.name, each.value) for each in root.matchers] == [("__name__", "calls.total"), ("agent name", "roxy")]


def test_brackets_around_texts_do_not_matter() -> None:
    assert parse("(('a\\n'))").root == String("a\n")


def test_offset_and_at_are_milliseconds() -> None:
    root = parse("x[5m:10s] offset -1m30s @ 1603774699.123").root
    assert isinstance(root, Subquery)
    assert (root.span, root.step, root.offset, root.at) == (300_000, 10_000, -90_000, 1_603_774_699_123)


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("1 + info(x)", 4, "the function info is not supported"),
        ("sum(histogram_count(x))", 4, "the function histogram_count is not supported"),
        ("limitk(1, x)", 0, "the aggregation limitk is not supported"),
        ('x{a="or", b="c" or d="e"}', 16, "`or` between matchers is not supported"),
        ("1 + LIMITK(1, x)", 4, "the aggregation limitk is not supported"),
        ("rate(x[5m] smoothed)", 11, "the modifier smoothed is not supported"),
        ("x + fill(0) y", 4, "the modifier fill is not supported"),
        ("x @ -5", 4, "a time before 1970 after @ is not supported"),
        ('label_replace(x, "\\xff", "", "a", "")', 17, "a byte as \\x80 to \\xff"),
        ("1 + Unknown(x)", 4, "unknown function"),
        ("1 + rate(x)", 4, "expected type matrix"),
        ("x[5m", 4, "unexpected end of input"),
        ("x + ", None, "not a PromQL expression"),
        ("1 == 1", None, "comparisons between scalars must use BOOL modifier"),
        ('{a=~".*"}', None, "at least one non-empty matcher"),
        ('x{a=~"("}', None, "regex"),
        ('x{a=~"a{2000}"}', None, "bad regular expression"),
        ("x offset 1000000000000y", None, "duration"),
        ("x @ 1e18", None, "too large"),
        ("", None, "no expression"),
    ],
)
def test_what_is_refused(text: str, position: int | None, message: str) -> None:
    with pytest.raises(PromQLError) as caught:
        parse(text)
    assert message in caught.value.message
    assert caught.value.position == position
    if position is not None:
        assert str(caught.value).startswith(f"character {position + 1}: ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(" * 200 + "x" + ")" * 200, "brackets are nested deeper than 100"),
        ("abs(" * 101 + "x" + ")" * 101, "brackets are nested deeper than 100"),
        ("-" * 300 + "x", "the query is nested deeper than 100"),
        ("+".join("1" * 400), "the query is nested deeper than 100"),
        ("^".join("1" * 600), "more than 500 operators"),
        ("x and " * 600 + "x", "more than 500 operators"),
        ("x" * 10_001, "longer than 10000"),
    ],
)
def test_what_could_end_the_process_is_refused(text: str, message: str) -> None:
    # In a process of its own: without the limits the parser runs out of stack and takes the tests with it.
    code = (
        "import sys; from alerts.promql import *\n"
        "try: parse(sys.stdin.read())\nexcept PromQLError as error: print(error)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], input=text, capture_output=True, text=True, timeout=60, check=True
    )
    assert message in run.stdout


def test_brackets_in_strings_and_comments_do_not_count() -> None:
    assert parse('"' + "(" * 300 + '" # ' + "(" * 300).kind == "string"
