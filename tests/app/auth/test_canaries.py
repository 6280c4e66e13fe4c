"""Secrets that are known by sight are looked for wherever the program writes, answers and exports."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.app.conftest import Program, call, run_program, stop_program
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

PASSWORD = "canary-password-1"
SETTINGS: dict[str, Any] = {
    "SECRET_KEY": "canary-key-5e1f0a9c7b3d42688f1a2b",
    "SMTP_URL": "smtp://bot:canary-smtp@127.0.0.1:9",
    "SLACK_WEBHOOK_URL": "http://127.0.0.1:9/services/canary-slack",
    "ALERT_WEBHOOK_URL": "http://127.0.0.1:9/?token=canary-hook",
    "ALERT_EMAIL_TO": "ops@example.com",
    "SCRAPE_TARGETS": "phones=http://me:canary-scrape@127.0.0.1:9/metrics?key=canary-query",
    "OIDC_ISSUER": "http://127.0.0.1:9",
    "OIDC_CLIENT_ID": "board",
    "OIDC_CLIENT_SECRET": "canary-oidc-0f9e8d7c",
    "GRAFANA_URL": "http://me:canary-grafana@127.0.0.1:9",
}
CALLER = "+49 30 901820177"


@dataclass
class Watched:
    program: Program
    log: Path
    secrets: list[str]
    session: requests.Session


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """The program with secrets in every place, used by an admin."""
    folder = tmp_path_factory.mktemp("canaries")
    environ = os.environ | SETTINGS | {"VAR_DIR": str(folder / "var")}

    def command(*arguments: str, typed: str = "") -> str:
        line = [sys.executable, "-m", "app", *arguments]
        done = subprocess.run(line, input=typed, check=True, capture_output=True, text=True, cwd=ROOT, env=environ)
        return done.stdout.strip()

    command("user", "add", "ada", "--role", "admin", typed=PASSWORD)
    key = command("apikey", "create", "watch", "--scope", "admin")
    program = run_program(folder / "var", "serve", log=folder / "log", **{"AUTH": "on"} | SETTINGS)
    try:
        session = requests.Session()
        session.headers["Origin"] = program.url("")
        tokens = session.post(
            program.url("/api/auth/token"), json={"username": "ada", "password": PASSWORD}, timeout=10
        ).json()
        session.post(program.url("/login"), data={"name": "ada", "password": PASSWORD}, timeout=10)
        link = session.post(program.url("/api/admin/users"), json={"name": "ann"}, timeout=10).json()["link"]
        bearer = {"Authorization": f"Bearer {key}"}
        sent = call("c1", caller=CALLER, metadata={"n": 1})
        assert requests.post(program.url("/api/calls"), json=sent, headers=bearer, timeout=10).status_code == 201
        secrets = [PASSWORD, key, tokens["access_token"], tokens["refresh_token"], link.rsplit("/", 1)[1], CALLER]
        secrets += [session.cookies.get("voicehive") or "no cookie", CALLER.replace(" ", "")]
        yield Watched(program, folder / "log", [*secrets, "canary-"], session)
    finally:
        stop_program(program)


def found(watched: Watched, text: str) -> list[str]:
    return [secret for secret in watched.secrets if secret in text]


def test_no_answer_tells_a_secret(watched: Watched) -> None:
    get = watched.session.get
    description = get(watched.program.url("/api/openapi.json"), timeout=10).json()
    paths = [path for path, methods in description["paths"].items() if "get" in methods and "{" not in path]
    assert len(paths) > 30
    paths += [f"/_live/admin?view={view}" for view in ("users", "keys", "sessions", "audit", "settings", "data")]
    paths += [f"/_live/{page}" for page in ("overview", "calls", "system", "alerts", "reports", "shell")]
    paths += ["/", "/admin", "/account", "/login", "/nowhere", "/api/nowhere", "/password/x", "/_dash-layout"]
    paths += [
        "/api/calls/test/c1",
        "/api/kpis?from=x",
        "/api/export/calls.csv",
        "/_dash-update-component",
        "/api/system",
    ]
    told = {}
    for path in paths:
        answer = get(watched.program.url(path), timeout=20)
        if hits := found(watched, answer.text + str(answer.headers)):
            told[path] = hits
    assert told == {}


def test_no_error_tells_a_secret(watched: Watched) -> None:
    program, key = watched.program, watched.secrets[1]
    bearer = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    body = f'{{"username": "ada", "password": "{PASSWORD}"'
    answers = [
        requests.post(program.url("/api/auth/token"), data=body, headers=bearer, timeout=10),
        requests.post(program.url("/api/auth/token"), json={"username": "ada", "password": [PASSWORD]}, timeout=10),
        requests.post(
            program.url("/api/admin/users"), json={"name": "a b", "password": PASSWORD}, headers=bearer, timeout=10
        ),
        requests.post(
            program.url("/api/admin/users"), json={"name": "z", "password": [PASSWORD]}, headers=bearer, timeout=10
        ),
        requests.post(program.url("/api/calls"), json={"caller": CALLER}, headers=bearer, timeout=10),
        requests.get(program.url("/login/oidc"), timeout=20),
    ]
    assert [hits for answer in answers if (hits := found(watched, answer.text))] == []


def test_no_metric_and_no_line_of_the_log_tells_a_secret(watched: Watched) -> None:
    program = watched.program
    requests.get(program.url(f"/api/kpis?access_token={watched.secrets[2]}"), timeout=10)
    requests.get(program.url(f"/password/{watched.secrets[4]}"), timeout=10)
    watched.session.post(program.url("/api/alerts/receivers/test"), json={"receiver": "none"}, timeout=20)
    assert found(watched, program.metrics()) == []
    assert watched.log.read_text()
    assert found(watched, watched.log.read_text()) == []


def test_what_is_stored_is_for_its_owner_only_and_no_secret_in_clear(watched: Watched) -> None:
    folder = watched.program.var_dir
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {"voicehive.db", "analytics.duckdb", "samples.sqlite"} <= {path.name for path in files}
    assert [path.name for path in files if stat.S_IMODE(path.stat().st_mode) & 0o077] == []
    for path in files:
        content = path.read_bytes()
        kept = [secret for secret in watched.secrets if secret.encode() in content]
        assert kept == [], path
