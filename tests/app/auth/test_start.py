"""With which settings the program starts, and with which it does not."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from app.server import check_address
from app.settings import Settings, SettingsError, load
from tests.servers import free_port

GOOD_SECRET = "f3b1c09d7e5a42688b1c9f0e2d4a7c61"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-days", "2"]
    subprocess.run([*command, *names, "-keyout", key, "-out", cert], check=True, capture_output=True, timeout=30)
    return cert, key


def refusal(**settings: Any) -> str:
    """Why it does not start; empty if it does."""
    ports = {"port": free_port(), "prometheus_port": free_port()}
    try:
        check_address(Settings(**ports | settings))
    except SettingsError as error:
        return str(error)
    return ""


def test_beyond_this_machine_it_wants_tls_or_a_named_proxy(certificate: tuple[Path, Path]) -> None:
    assert refusal(host="0.0.0.0").startswith("HOST: 0.0.0.0 is no loopback address; serve https")
    assert refusal(host="0.0.0.0", trusted_proxies="10.0.0.1") == ""
    assert refusal(host="0.0.0.0", tls_cert_file=certificate[0], tls_key_file=certificate[1]) == ""
    assert refusal() == ""


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"host": "0.0.0.0", "trusted_proxies": "10.0.0.1"}, "HOST"),
        ({"prometheus_host": "0.0.0.0"}, "PROMETHEUS_HOST"),
        ({"environment": "production", "secret_key": GOOD_SECRET}, "AUTH"),
    ],
)
def test_without_sign_in_it_stays_on_this_machine_and_in_development(settings: dict[str, Any], key: str) -> None:
    assert refusal(auth=False, **settings).startswith(f"{key}: ")
    assert refusal(auth=True, **settings) == ""


def test_a_certificate_that_can_not_be_used_is_named(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    cert, key = certificate
    broken = tmp_path / "broken.pem"
    broken.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    assert refusal(tls_cert_file=cert).startswith("TLS_KEY_FILE: ")
    assert refusal(tls_key_file=key).startswith("TLS_CERT_FILE: ")
    assert refusal(tls_cert_file=broken, tls_key_file=key).startswith("TLS_CERT_FILE: can't serve with")
    assert refusal(tls_cert_file=tmp_path / "none", tls_key_file=key).startswith("TLS_CERT_FILE: can't serve with")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "SECRET_KEY: required"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY: must have 32"),
        ({"SECRET_KEY": "k" * 40}, "SECRET_KEY: is an example"),
        ({"SECRET_KEY": "change-me-change-me-change-me-change-me"}, "SECRET_KEY: is an example"),
        ({"SECRET_KEY": "this-is-an-example-key-of-40-characters!"}, "SECRET_KEY: is an example"),
        (
            {"SECRET_KEY": GOOD_SECRET, "DATABASE_URL": "postgresql+psycopg://user:password@host/db"},
            "DATABASE_URL: has the password of an example",
        ),
        ({"SECRET_KEY": GOOD_SECRET}, ""),
    ],
)
def test_production_refuses_secrets_that_others_may_know(
    changes: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SECRET_KEY", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ENVIRONMENT", "production")
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    if message:
        with pytest.raises(SettingsError, match=message):
            load(env_file=None)
    else:
        load(env_file=None)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("TRUSTED_PROXIES", "the-proxy"),
        ("CORS_ORIGINS", "board.example"),
        ("CORS_ORIGINS", "https://board.example/path"),
        ("CORS_ORIGINS", "*"),
        ("AUTH", "perhaps"),
    ],
)
def test_a_bad_value_names_its_key(key: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(key, value)
    with pytest.raises(SettingsError, match=f"^{key}: "):
        load(env_file=None)
