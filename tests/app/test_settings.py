"""Settings and what is written about them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.settings import Settings, SettingsError, load
from tests.conftest import ROOT


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented(name: str) -> None:
    key = name.upper()
    assert f"`{key}`" in (ROOT / "README.md").read_text()
    assert re.search(rf"^#{key}=", (ROOT / ".env.example").read_text(), re.MULTILINE)


def test_the_environment_wins_over_the_file_and_the_command_line_over_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("PORT=1001\nPROMETHEUS_PORT=1002\nTIMEZONE=Europe/Berlin\n")
    monkeypatch.setenv("PORT", "2001")
    monkeypatch.setenv("PROMETHEUS_PORT", "2002")
    settings = load({"port": 3001, "host": None}, env_file=env_file)
    assert (settings.port, settings.prometheus_port, settings.timezone) == (3001, 2002, "Europe/Berlin")


def test_a_secret_from_a_file_is_stripped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key"
    path.write_text("k" * 40 + "\n")
    monkeypatch.setenv("SECRET_KEY_FILE", str(path))
    settings = load(env_file=None)
    assert settings.secret() == b"k" * 40
    assert "kkk" not in repr(settings)


def test_the_drawn_key_stays_the_same(tmp_path: Path) -> None:
    assert Settings(var_dir=tmp_path).secret() == Settings(var_dir=tmp_path).secret()


def test_an_empty_value_is_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    assert load(env_file=None).record_url.startswith("sqlite:///")


def test_a_bad_value_names_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIMEZONE", "../etc/passwd")
    with pytest.raises(SettingsError, match=r"^TIMEZONE: must be an IANA"):
        load(env_file=None)
