"""SCRAPE_TARGETS."""

from __future__ import annotations

import pytest

from app.settings import SettingsError, load
from data.samples.targets import Target, parse_targets


def test_targets_have_a_name_and_an_address() -> None:
    first, second, third = parse_targets(
        "phone=http://10.0.0.5:9100/metrics, pbx=https://pbx.lan,v6=http://[::1]:1/m?a=b,"
    )
    assert first == Target("phone", "http://10.0.0.5:9100/metrics")
    assert first.labels == {"job": "phone", "instance": "10.0.0.5:9100"}
    assert (second.url, second.labels["instance"]) == ("https://pbx.lan:443/metrics", "pbx.lan:443")
    assert (third.url, third.labels["instance"]) == ("http://[::1]:1/m?a=b", "[::1]:1")


def test_a_password_is_no_label() -> None:
    [target] = parse_targets("phone=http://me:secret@10.0.0.5:9100/metrics")
    assert target.labels["instance"] == "10.0.0.5:9100"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("http://10.0.0.5:9100", "name=http://host:port/metrics"),
        ("phone", "name=http://host:port/metrics"),
        ("phone=file:///etc/passwd", "phone must have an http:// or https:// URL"),
        ("phone=http://host:99999/", "valid port"),
        ("phone=http://", "names no host"),
        ("voicehive=http://host:1/", "the app's own"),
        ("a=http://host:1/,a=http://host:1/x", "named twice"),
        (",".join(f"a{n}=http://host:1/" for n in range(51)), "at most 50"),
    ],
)
def test_a_bad_target_is_told_in_one_line(text: str, complaint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRAPE_TARGETS", text)
    with pytest.raises(SettingsError, match=r"^SCRAPE_TARGETS: ") as error:
        load(env_file=None)
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)
