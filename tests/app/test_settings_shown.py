"""Settings as admins see them."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from app.settings import Settings, SettingsError, load
from app.settings_shown import DOTS, changes_since_last_start, shown_settings

SECRETS = {
    "SECRET_KEY": "canary-key-0123456789-abcdefghijkl",
    "DATABASE_URL": "postgresql+psycopg://voicehive:canary-db@db/voicehive",
    "REDIS_URL": "redis://:canary-redis@cache:6379/0",
    "SMTP_URL": "smtp://bot:canary-smtp@mail:25",
    "SLACK_WEBHOOK_URL": "https://hooks.example/canary-slack",
    "ALERT_WEBHOOK_URL": "https://hooks.example/?token=canary-hook",
    "OIDC_ISSUER": "https://id.example",
    "OIDC_CLIENT_ID": "board",
    "OIDC_CLIENT_SECRET": "canary-oidc",
    "PROMETHEUS_URL": "https://me:canary-prom@prometheus",
    "SCRAPE_TARGETS": "phones=http://me:canary-target@10.0.0.1:9100/metrics?key=canary-query",
}


def test_each_setting_has_its_source_and_no_secret_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in SECRETS.items():
        monkeypatch.setenv(key, value)
    (tmp_path / ".env").write_text("PORT=8100\nTIMEZONE=Europe/Berlin\nREFRESH_SECONDS=10\n")
    (tmp_path / "days").write_text("90\n")
    monkeypatch.setenv("RETENTION_DAYS_FILE", str(tmp_path / "days"))
    monkeypatch.setenv("TIMEZONE", "UTC")
    shown = {each.key: each for each in shown_settings(load({"port": 8200}, env_file=tmp_path / ".env"))}
    told = {key: (shown[key].value, shown[key].source) for key in shown}
    assert "canary" not in str(told)
    assert told["SMTP_URL"] == (DOTS, "environment")
    assert told["DATABASE_URL"] == (f"postgresql+psycopg://voicehive:{DOTS}@db/voicehive", "environment")
    assert told["PORT"] == ("8200", "command line")
    assert told["TIMEZONE"] == ("UTC", "environment")
    assert told["REFRESH_SECONDS"] == ("10", ".env")
    assert told["RETENTION_DAYS"] == ("90", "file, RETENTION_DAYS_FILE")
    assert told["HOST"] == ("127.0.0.1", "default")
    assert told["GRAFANA_URL"] == (None, "default")


def test_what_was_changed_since_the_last_start_is_told_without_secrets(tmp_path: Path) -> None:
    first = Settings(var_dir=tmp_path, smtp_url="smtp://bot:canary1@mail", retention_days=30)
    assert changes_since_last_start(first) == ({}, {})
    assert changes_since_last_start(first) == ({}, {})
    second = first.changed("environment", retention_days=60, auth=False)
    assert changes_since_last_start(second) == (
        {"AUTH": "on", "RETENTION_DAYS": "30"}, {"AUTH": "off", "RETENTION_DAYS": "60"},
    )  # fmt: skip
    third = Settings(var_dir=tmp_path, smtp_url="smtp://bot:canary2@mail", retention_days=60, auth=False)
    assert changes_since_last_start(third) == ({"SMTP_URL": DOTS}, {"SMTP_URL": DOTS})
    kept = tmp_path / "settings.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "canary" not in kept.read_text()


@pytest.mark.parametrize("key", ["RETENTION_DAYS", "RETENTION_DOCUMENT_DAYS", "RETENTION_ALERT_DAYS"])
def test_the_audit_log_is_kept_as_long_as_all_else(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(key, "731")
    with pytest.raises(SettingsError, match=f"RETENTION_AUDIT_DAYS: must be 731 or more, as long as {key}"):
        load(env_file=None)
    monkeypatch.setenv("RETENTION_AUDIT_DAYS", "731")
    assert load(env_file=None).retention.audit == 731
