"""Templates filled in as the real Prometheus and Alertmanager fill them in."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from alerts.templates import NotificationTemplates, RuleTemplates
from tests.alerts.templates.scenarios import Maker
from tests.alerts.templates.support import DATA, Amtool, labels_of, promtool

#: How many random templates; more of them: TEMPLATE_SCENARIOS=5000.
SCENARIOS = int(os.environ.get("TEMPLATE_SCENARIOS", "300"))
#: What is known to differ: verbs for bits of numbers and of instants, and maps inside of alerts, which a newer
#: Alertmanager writes another way.
DIFFERENT = re.compile(r"%!.\(time\.Time=|%![xXb]\(float64=|\{(firing|resolved) |\{Status:|\{6669|\{7265")

NUMBERS = ["0", "1", "-1", "0.5", "-0.25", "12.5", "59.99", "60", "61.5", "3600", "90061", "1234567", "-1234567.891"]
NUMBERS += ["1e-9", "0.0001234", "1e15", "1e18", "1435065584.128", "1435065584", "NaN", "+Inf", "-Inf", "100"]
NUMBERS += ["99.995", "1048576", "1500", "86399.9", "0.1234567"]
VALUES = {f"V{index}": value for index, value in enumerate(NUMBERS)}
HUMANIZE = ("humanize", "humanize1024", "humanizeDuration", "humanizePercentage", "humanizeTimestamp")
RULE_TEMPLATES = {
    **{f"{name}_value": f"{{{{ $value | {name} }}}}" for name in HUMANIZE},
    **{f"{name}_text": f'{{{{ {name} "12345.678" }}}}' for name in HUMANIZE},
    "numbers": "{{ $value }} {{ printf `%.2f|%d|%s|%v|%g|%8.3e|%+v|% f|%08.1f` "
    "$value $value $value $value $value $value $value $value $value }}",
    "labels": "{{ $labels }} {{ $labels.nope }}|{{ .Labels.agent }} {{ len $labels }} {{ index $labels `agent` }}",
    "no_methods": "{{ $labels.Names }}",
    "cases": "{{ $labels.agent | title }} {{ title `foo_bar don't 1a FOO x-y é’s` }} {{ toUpper $labels.agent }}",
    "external": "{{ $externalLabels.site }} {{ $externalURL }}",
    "hosts": "{{ stripPort $labels.instance }} {{ stripDomain $labels.instance }} {{ stripDomain `10.0.0.1:80` }}"
    " {{ stripPort `[::1]:80` }} {{ stripDomain `[::1]:80` }} {{ stripPort `a` }} {{ stripPort `a:b:c` }}"
    " {{ stripDomain `a.b` }} {{ stripDomain `:80` }} {{ stripPort `` }}",
    "links": '{{ graphLink "up{a=\\"b\\"} > 1" }} {{ tableLink `x y` }}',
    "spans": '{{ parseDuration "1h30m" }} {{ parseDuration `10ms` }}',
    "query": "{{ range query `x` | sortByLabel `value` }}{{ .Labels.value }}={{ .Value }} {{ end }}",
    "sample": "{{ with query `x{value='V1'}` }}{{ . | first | value | humanize }} {{ first . | label `agent` }}"
    " {{ . | first | strvalue }} {{ first . }}{{ end }}",
    "args": "{{ with args 1 `b` $value }}{{ .arg0 }}{{ .arg1 }}{{ .arg2 }}{{ .arg3 }}{{ end }} {{ args 1 nil `x` }}",
    "patterns": "{{ reReplaceAll `(w)eb-(?P<n>[0-9])` `$1/${n}/$$/$x` $labels.instance }}"
    " {{ match `^web` $labels.instance }} {{ reReplaceAll `a*` `-` `baaac` }}",
    "nothing_found": "{{ query `nothing` | first }}",
    "no_field": "{{ $value.x }}",
    "branches": "{{ if gt $value 1.0 }}big{{ else if lt $value 0.0 }}neg{{ else }}small{{ end }}",
    "float_and_int": "{{ gt $value 1 }}",
    "instants": "{{ (toTime 1435065584.5).Format `15:04:05.000 Jan 2` }} {{ toTime 1435065584 }}"
    " {{ (toTime 1.5).Unix }}",
    "no_number": "{{ humanize `x` }}",
    "underscore": "{{ humanize `1_0` }}",
    "hexadecimal": "{{ humanize `0x1p4` }} {{ humanize `inf` }} {{ humanize `+.5e1` }}",
    "no_hexadecimal": "{{ humanize `0x10` }}",
    "no_seconds": "{{ humanizeDuration true }}",
    "too_late": "{{ humanizeTimestamp 1e10 }}",
    "range": "{{ range $k, $v := $labels }}{{ $k }}={{ $v }},{{ end }}",
    "define": "{{ define `x` }}[{{ . }}]{{ end }}{{ template `x` $value }}",
    "escapes": "{{ safeHtml `<b>` }} {{ html `<b>` }} {{ js `<a href='x'>\\` }} {{ urlquery `ä b/c` }}",
}


@pytest.fixture(scope="module")
def amtool(tmp_path_factory: pytest.TempPathFactory) -> Amtool:
    return Amtool(tmp_path_factory.mktemp("amtool"))


@pytest.mark.slow
def test_random_templates_become_what_alertmanager_makes_of_them(amtool: Amtool) -> None:
    templates, wrong, compared, failed = NotificationTemplates(), [], 0, 0
    for seed in range(SCENARIOS):
        text = Maker(seed).template()
        found = templates.expand(text, DATA)
        if DIFFERENT.search(found.text) and not found.error:
            continue
        expected = amtool.expand(text)
        compared, failed = compared + 1, failed + (expected is None)
        if expected != (None if found.error else found.text):
            wrong.append(f"seed {seed}: {text!r}\n  Alertmanager: {expected!r}\n  ours:         {found}")
    assert not wrong, f"{len(wrong)} differ\n" + "\n".join(wrong[:5])
    assert compared > 0.8 * SCENARIOS
    assert 0.1 * compared < failed < 0.5 * compared


@pytest.mark.parametrize(
    "text",
    [
        "{{ 1 -}} \n x {{- 2 }} {{-3}}",
        "{{/* a\nb */}}x{{- /* c */ -}} y",
        "{{ /* no */ }}",
        "{{/* open }}",
        "a {{ .Status",
        "{{ `a\nb` }}{{ \"\\u00e9\\x41\\101\\t\" }}{{ 'x' }} {{ '\\n' }}",
        '{{ "\\q" }}',
        '{{ "a\nb" }}',
        "{{ 0b101 }} {{ 0o17 }} {{ 017 }} {{ 0x1F }} {{ 1_000 }} {{ 0x1p-2 }} {{ 1e2 }} {{ .5 }} {{ +3 }} {{ 5. }}",
        "{{ 08 }}",
        "{{ 99999999999999999999 }}",
        "{{ 1e400 }}",
        "{{ $x := 1 }}{{ $x = 2 }}{{ $x }}{{ with $y := 3 }}{{ $y }}{{ $x = 4 }}{{ end }}{{ $x }}",
        "{{ with $y := 3 }}{{ end }}{{ $y }}",
        "{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ end }}{{ $x }}",
        "{{ $x = 1 }}",
        "{{$x:=1}}{{$x}}",
        "{{ $x := 1 }}{{$x=2}}",
        "{{ if .Status }}{{ $z := 1 }}{{ else }}{{ $z }}{{ end }}",
        "{{ if $x := .Receiver }}{{ $x }}{{ else if $y := 1 }}{{ $x }}{{ end }}",
        "{{ nil }}",
        "{{ true.x }}",
        "{{ (1).x }}",
        "{{ 1 | 2 }}",
        "{{ .Status | .Receiver }}",
        "{{ .Status 1 }}",
        "{{ ((.Alerts | len)) }}{{ (index .Alerts 0).Status | toUpper | printf `%s-%s` `a` }}",
        "{{ (.Status }}",
        "{{ .Status) }}",
        "{{ .Status.x }}",
        "{{ .Nope }}",
        "{{ nope }}",
        "{{ .GroupLabels.topic.x }}",
        "{{ index .Alerts 9 }}",
        "{{ index .Alerts `a` }}",
        "{{ index .GroupLabels 1 }}",
        "{{ index `abc` 1 }} {{ len `äß` }} {{ slice `abcd` 1 3 }} {{ slice .GroupLabels.Names 1 }}",
        "{{ index nil 1 }}",
        "{{ len 3 }}",
        "{{ eq 1 1.0 }}",
        "{{ eq 1 }}",
        "{{ eq .Status `x` `firing` }} {{ ne 1 2 }} {{ lt `a` `b` }} {{ ge 2 2 }} {{ eq true true }}",
        "{{ lt true false }}",
        "{{ and 1 0 (index .Alerts 9) }} {{ or `` `x` (index .Alerts 9) }} {{ and true | and 3 }}",
        "{{ and }}",
        "{{ not 1 2 }}",
        "{{ toUpper 1 }}",
        "{{ join `,` .Alerts }}",
        "{{ print 1 2 `a` `b` 3 nil 4.5 true }} {{ println 1 `a` }}",
        "{{ range .Alerts }}{{ break }}{{ end }}{{ break }}",
        "{{ range .GroupLabels.Values }}{{ if eq . `HighErrorRate` }}{{ continue }}{{ end }}{{ . }}{{ end }}",
        "{{ range $e := .GroupLabels.Names }}{{ $e }}{{ . }}{{ else }}none{{ end }}",
        "{{ range $i, $e, $f := .Alerts }}{{ end }}",
        "{{ $i := 0 }}{{ range $i = .GroupLabels.Names }}{{ end }}{{ $i }}",
        "{{ range .Status }}{{ end }}",
        "{{ range nil }}{{ end }}",
        "{{ define `a` }}<{{ . }}>{{ end }}{{ template `a` 3 }}{{ template `a` }}{{ block `b` 4 }}{{ . }}!{{ end }}",
        "{{ define `a` }}1{{ end }}{{ define `a` }}2{{ end }}",
        "{{ define `a` }}{{ end }}{{ define `a` }}2{{ end }}{{ template `a` }}",
        "{{ if true }}{{ define `a` }}{{ end }}{{ end }}",
        "{{ define `a` }}{{ $x }}{{ end }}{{ $x := 1 }}{{ template `a` }}",
        "{{ template `nope` }}",
        "{{ template nope }}",
        "{{ end }}",
        "{{ if true }}{{ else }}{{ else }}{{ end }}",
        "{{ if }}{{ end }}",
        "{{}}",
        "{{ .Status, .Receiver }}",
        "{{ .Status}}}",
        "{{ `a``b` }}",
        "{{ safeHtml `<b>` | toUpper }}",
        "{{ (index .Alerts 0).StartsAt.Unix }} {{ ((index .Alerts 1).EndsAt.Sub (index .Alerts 1).StartsAt).Minutes }}",
        "{{ ((index .Alerts 1).EndsAt.Sub (index .Alerts 1).StartsAt) }} {{ (index .Alerts 2).EndsAt.IsZero }}",
        "{{ ((index .Alerts 0).StartsAt.Add 28800e9).UTC.Format `15:04:05.999999999` }}",
        "{{ html `<a href=\"x\">'&` }} {{ js \"<'&=\\\"\\n\\u2028é\" }} {{ urlquery `a b/ä` 1 }}",
        "{{ printf `%v` }} {{ printf `%` }} {{ printf `%!` 1 }} {{ printf `%.3d|%+.2e|%6.2f|%-8q|` 5 1.5 2.0 `a` }}",
        "{{ title `3rd foo_bar a.b a:b don't x-y é's 1.5x ǆ` }} {{ toUpper `straße ŉ` }} {{ toLower `İSTANBUL` }}",
    ],
)  # fmt: skip
def test_what_alertmanager_takes_and_refuses(amtool: Amtool, text: str) -> None:
    found = NotificationTemplates().expand(text, DATA)
    assert (None if found.error else found.text) == amtool.expand(text), found.error


def test_what_prometheus_makes_of_annotations(tmp_path: Path) -> None:
    samples = [(labels_of(name), float(value)) for name, value in VALUES.items()]

    def query(text: str) -> list[tuple[dict[str, str], float]]:
        return [each for each in samples if text == "x" or each[0]["value"] in text]

    expected = promtool(tmp_path, RULE_TEMPLATES, VALUES)
    templates = RuleTemplates({"site": "berlin"}, "https://calls.example/app")
    wrong = []
    for name, value in VALUES.items():
        for key, text in RULE_TEMPLATES.items():
            found, wanted = templates.expand(text, labels_of(name), float(value), query), expected[name].get(key, "")
            if not (wanted.startswith("<error expanding") if found.error else found.text == wanted):
                wrong.append(f"{key} of {value}: {text}\n  Prometheus: {wanted}\n  ours:       {found}")
    assert not wrong, f"{len(wrong)} differ\n" + "\n".join(wrong[:5])


def test_the_default_templates_of_alertmanager(tmp_path: Path) -> None:
    shipped = [Path("/usr/share/prometheus/alertmanager") / name for name in ("default.tmpl", "email.tmpl")]
    if not all(path.exists() for path in shipped):
        pytest.skip("Debian's alertmanager keeps them there, others don't")
    templates = NotificationTemplates({path.name: path.read_text("utf-8") for path in shipped})
    real = Amtool(tmp_path, "".join(path.read_text("utf-8") for path in shipped))
    names = [
        name
        for path in shipped
        for name in re.findall(r'define "([^"]+)"', path.read_text("utf-8"))
        if name != "__text_alert_list"
    ]
    for name in names:
        text = f'{{{{ template "{name}" . }}}}'
        found = templates.expand(text, DATA)
        assert (None if found.error else found.text) == real.expand(text), found.error
    assert len(names) > 10
