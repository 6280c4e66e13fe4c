"""What templates do beyond what the older programs at hand can show, what they refuse, and their bounds."""

from __future__ import annotations

import inspect
import sys
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.templates import Data, NotificationTemplates, RuleTemplates, TemplateError, data
from alerts.templates.execution import execute
from alerts.templates.values import KV
from tests.alerts.templates.scenarios import Maker
from tests.alerts.templates.support import DATA, START, alert

NOW = START + timedelta(hours=1, minutes=2, seconds=3)
NOTIFICATIONS = NotificationTemplates(clock=lambda: NOW)
RULES = RuleTemplates(external_url="https://calls.example/app", now=lambda: NOW)


def notified(text: str, about: Data = DATA) -> str:
    found = NOTIFICATIONS.expand(text, about)
    assert not found.error
    return found.text


def ruled(text: str, value: float = 1.0, **labels: str) -> str:
    found = RULES.expand(text, labels, value)
    assert not found.error
    return found.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ .GroupLabels }}", "alertname=HighErrorRate, topic=call-outcome"),
        ("{{ .GroupLabels.SortedPairs }}", "alertname=HighErrorRate, topic=call-outcome"),
        ("{{ printf `%q` .GroupLabels }}", '"alertname=HighErrorRate, topic=call-outcome"'),
        ("{{ with .CommonLabels.nothing }}a{{ else with .Status }}{{ . }}{{ else }}b{{ end }}", "firing"),
        ("{{ range 3 }}{{ . }}{{ end }}", "012"),
        ("{{ trimSpace ` a ` }}|{{ urlUnescape `a%20b+c` }}|{{ safeUrl `http://x` }}", "a|a b c|http://x"),
        ("{{ (index .Alerts 0).StartsAt | tz `Europe/Berlin` | date `02.01.2006 15:04 MST` }}", "07.03.2026 10:05 CET"),
        ("{{ since (index .Alerts 0).StartsAt }}", "1h2m3s"),
        ("{{ since (index .Alerts 0).StartsAt | humanizeDuration }}", "1h 2m 3s"),
        ("{{ (since (index .Alerts 0).StartsAt).Minutes }}", "62.05"),
        ("{{ (since (index .Alerts 0).StartsAt).Round 60000000000 }}", "1h2m0s"),
    ],
)
def test_notifications_have_what_newer_alertmanagers_give_them(text: str, expected: str) -> None:
    assert notified(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ externalURL }} {{ pathPrefix }}", "https://calls.example/app /app"),
        ("{{ toDuration 90.5 }} {{ (toDuration `60`).Hours | printf `%.3f` }}", "1m30.5s 0.017"),
        ("{{ now | toTime }}", "2026-03-07 10:07:06.12 +0000 UTC"),
    ],
)
def test_rules_have_what_newer_prometheus_gives_them(text: str, expected: str) -> None:
    assert ruled(text) == expected


def test_a_text_without_actions_stays_as_it_is() -> None:
    assert ruled("5 % } of } calls") == "5 % } of } calls"


def test_a_notification_knows_what_its_alerts_share() -> None:
    alerts = [alert("resolved", START, {"a": "1"}, x="1", y="2"), alert("firing", START, {"a": "1"}, x="1", y="3")]
    found = data("r", {"x": "1"}, alerts, "")
    assert (found.status, found.common_labels, found.common_annotations) == ("firing", {"x": "1"}, {"a": "1"})
    assert data("r", {}, alerts[:1], "").status == "resolved"
    assert data("r", {}, [], "").common_labels == KV()


def test_template_files_define_what_receivers_use_and_later_ones_win() -> None:
    files = {"a.tmpl": '{{ define "t" }}one{{ end }}{{ define "u" }}{{ template "t" . }}!{{ end }}'}
    files["b.tmpl"] = '{{ define "t" }}{{ .Status }}{{ end }}{{ define "u" }} {{ end }}'
    found = NotificationTemplates(files).expand('{{ template "u" . }}{{ define "t" }}own{{ end }}', DATA)
    assert (found.text, found.error) == ("own!", "")
    assert NotificationTemplates(files).expand('{{ template "u" . }}', DATA).text == "firing!"


def test_a_bad_template_file_is_named_with_its_line() -> None:
    with pytest.raises(TemplateError, match=r"^a\.tmpl:3: the function nope is not known$") as raised:
        NotificationTemplates({"a.tmpl": "\n\n{{ nope }}"})
    assert (raised.value.line, raised.value.source) == (3, "a.tmpl")
    templates = NotificationTemplates({"a.tmpl": '{{ define "t" }}\n{{ .Nope }}{{ end }}'})
    assert templates.expand('{{ template "t" . }}', DATA).error == "a.tmpl:2: a template.Data has no field Nope"


def test_a_template_that_fails_gives_the_plain_text_and_what_went_wrong() -> None:
    found = RULES.expand("up {{ $labels.job }}\n{{ $value | upper }}", {"job": "x"}, 1.0)
    assert found.text == "up {{ $labels.job }}\n{{ $value | upper }}"
    assert found.error == "line 2: the function upper is not known"
    assert NOTIFICATIONS.expand("{{ .Nope }}", DATA, fallback="plain").text == "plain"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("\n{{ if true }}", "line 2: if has no {{end}}"),
        ("{{ `a", "line 1: a text that begins with ` is not closed"),
        ("{{ .Status\n}}\n{{ # }}", "line 3: unexpected '#' in an action"),
        ("{{ printf `%*d` 1 2 }}", "line 1: printf: %* is not supported"),
        ("{{ printf `%#v` 1 }}", "line 1: printf: the flag # of %#v is not supported"),
        ("{{ 1i }}", "line 1: complex numbers are not supported"),
        ('{{ "\\xff" }}', "line 1: a text has to be UTF-8: write the character itself"),
        ("{{ match `(` `a` }}", "line 1: bad regular expression '(': missing ): ("),
        ("{{ humanizeDuration `x` }}", "line 1: 'x' is not a number"),
        ("{{ toUpper 1 }}", "line 1: a string is expected, not int"),
        ("{{ toUpper }}", "line 1: toUpper takes 1 arguments, not 0"),
        ("{{ range .Status }}{{ end }}", "line 1: range can't go through a string"),
        ("{{ tz `Nowhere/Land` (index .Alerts 0).StartsAt }}", "line 1: the time zone 'Nowhere/Land' is not known"),
        ("{{ tz `../passwd` (index .Alerts 0).StartsAt }}", "line 1: the time zone '../passwd' is not known"),
        ("{{ urlUnescape `a%zz` }}", "line 1: bad escape '%zz' in an address"),
        ("{{ eq .Alerts 1 }}", "line 1: a template.Alerts and a int can't be compared"),
    ],
)
def test_an_error_names_the_line_and_the_reason(text: str, error: str) -> None:
    assert NOTIFICATIONS.expand(text, DATA).error == error


def test_a_query_without_anything_to_ask_is_an_error() -> None:
    assert RULES.expand("{{ query `up` }}", {}, 1.0).error == "line 1: queries are not available here"


DOUBLING = "{{ $x := `0123456789` }}" + "{{ $x = print $x $x }}" * 20
LOOPS = "{{ range 1000 }}" * 4 + "{{ end }}" * 4
NESTED = "{{ $x := args 1 }}{{ range 1000 }}{{ $x = args $x $x }}{{ end }}"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (LOOPS, "more than 250,000 steps"),
        ("{{ define `a` }}{{ template `a` }}{{ end }}{{ template `a` }}", "nested deeper than 80 levels"),
        ("{{ define `a` }}{{ template `a` }}{{ template `a` }}{{ end }}{{ template `a` }}", "nested deeper"),
        ("{{ if true }}" * 41 + "{{ end }}" * 41, "nested deeper than 40 levels"),
        ("{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}", "nested deeper than 40 levels"),
        ("x" * 200_001 + "{{ 1 }}", "longer than 200,000 characters"),
        (DOUBLING, "a text gets longer than 200,000 characters"),
        ("{{ range 100000 }}{{ `" + "x" * 100 + "` }}{{ end }}", "more than 2,000,000 characters are given out"),
        ("{{ printf `%999999999d` 1 }}", "is too large"),
        ("{{ range 100000 }}{{ $x := len `" + "x" * 1000 + "` }}{{ end }}", "work on more than 20,000,000"),
        (NESTED + "{{ print $x }}", "values are nested deeper than 20 levels"),
        (
            NESTED.replace("1000", "19").replace("$x $x", "$x " * 9) + "{{ print $x }}",
            "a text gets longer than 200,000 characters",
        ),
        ("{{ match `" + "a" * 1001 + "` `b` }}", "longer than 1,000"),
        ("{{ range 9999999999 }}{{ end }}", "more than 250,000 steps"),
    ],
)
def test_no_template_runs_on_or_fills_the_memory(text: str, error: str) -> None:
    assert error in RULES.expand(text, {}, 1.0).error


def test_a_caller_deep_in_its_own_stack_gets_an_error_too() -> None:
    def deeper(levels: int) -> str:
        return deeper(levels - 1) if levels else RULES.expand("{{ ((((((((1)))))))) }}", {}, 1.0).error

    left = sys.getrecursionlimit() - len(inspect.stack(0))
    assert {deeper(left - spare) for spare in range(25, 90)} == {"", "nested too deeply"}


def test_a_thousand_alerts_fit_into_the_bounds() -> None:
    many = data("r", {}, [alert("firing", START, {"summary": "x" * 200}, n=str(number)) for number in range(1000)], "")
    text = "{{ range .Alerts }}{{ if gt (len $.Alerts) 1 }}{{ range .Labels.SortedPairs }}{{ .Name }}={{ .Value }}"
    text += "{{ end }}{{ .Annotations.summary }} {{ .StartsAt.Format `15:04` }}\n{{ end }}{{ end }}"
    assert notified(text, many).count("\n") == 1000


PIECES = st.sampled_from(
    ["{{", "}}", "{{-", " -}}", "{{ end }}", "{{ else }}", "if ", "range ", "with ", "define ", "template ", "block ",
     "break", ".Alerts", ".Status", "$", "$x", ":=", "=", "|", "(", ")", ",", '"', "`", "'", "\\", "/*", "*/", ".", " ",
     "\n", "1", "-", "0x", "1e9", "printf ", "`%08.3q`", "index ", "print ", "and ", "nil ", "humanize ", "\ud800",
     "\0", "date ", "tz ", "since ", "match ", "reReplaceAll ", "slice ", "args ", "toTime ", "99999999999", "²"]
)  # fmt: skip


@settings(max_examples=500)
@given(st.lists(PIECES | st.text(max_size=3), max_size=30).map("".join))
def test_no_text_raises_anything_but_a_template_error(text: str) -> None:
    for expand in (
        lambda: NOTIFICATIONS.expand(text, DATA),
        lambda: RULES.expand("{{" + text + "}}", {"a": text}, 1e9),
    ):
        expand()


@settings(max_examples=300)
@given(st.integers(min_value=0, max_value=2**32), st.data())
def test_no_broken_template_raises_anything_but_a_template_error(seed: int, choice: st.DataObject) -> None:
    text = Maker(seed).template()
    start = choice.draw(st.integers(0, len(text)))
    end = choice.draw(st.integers(start, min(len(text), start + 10)))
    NOTIFICATIONS.expand(text[:start] + choice.draw(st.text(max_size=2)) + text[end:], DATA)


@pytest.mark.parametrize("text", ["{{-1ntf }}", "{{ -1x }}", "{{ +.5q }}", "{{ 1__x }}", "{{ - }}"])
def test_what_only_begins_like_a_number_is_refused(text: str) -> None:
    # A pattern that matched nothing in its place went on for ever.
    assert NOTIFICATIONS.expand(text, DATA).error


ANYTHING = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8)
CALLS = st.sampled_from(
    ["humanize", "humanize1024", "humanizeDuration", "humanizePercentage", "humanizeTimestamp", "toTime", "toDuration",
     "title", "toUpper", "stripPort", "stripDomain", "parseDuration", "printf `%v %d %s %x %c %U %q %e %T`", "js",
     "html", "urlquery", "len", "not", "index .a", "slice .a 1", "eq .a", "lt .a", "match .a", "args",
     "(toTime .a).Format", "(toDuration .a).Round", "range"]
)  # fmt: skip


@settings(max_examples=500)
@given(CALLS, ANYTHING, ANYTHING)
def test_no_value_raises_anything_but_a_template_error(call: str, first: object, second: object) -> None:
    action = f"{{{{ {call} .b }}}}" + ("{{ break }}{{ end }}" if call == "range" else "")
    try:
        execute(action, {"a": first, "b": second}, RULES._functions)
    except TemplateError as error:
        assert error.reason


def test_instants_at_the_ends_of_the_calendar_are_no_accident() -> None:
    for instant in (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)):
        about = data("r", {}, [alert("firing", instant)], "")
        for text in ("tz `Asia/Tokyo`", "tz `America/New_York`", "date `Mon MST -07 2006 002 PM`", "since"):
            found = NOTIFICATIONS.expand(f"{{{{ (index .Alerts 0).StartsAt | {text} }}}}", about)
            assert found.text
