"""Schemathesis against /api/openapi.json: no failure of the server, and no answer that is not described."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.conftest import Program, run_program, stop_program
from tests.conftest import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

#: How much is made up for each operation.
EXAMPLES = os.environ.get("SCHEMA_EXAMPLES", "2")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def key(var_dir: Path, scope: str) -> str:
    command = [sys.executable, "-m", "app", "apikey", "create", scope, "--scope", scope]
    environ = os.environ | {"VAR_DIR": str(var_dir)}
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, env=environ).stdout.strip()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    running = run_program(tmp_path_factory.mktemp("schema"), "serve", AUTH="on")
    yield running
    stop_program(running)


@pytest.mark.parametrize("scope", ["read", "admin"])
def test_nothing_that_is_sent_to_the_api_is_answered_otherwise_than_described(
    program: Program, scope: str, tmp_path: Path
) -> None:
    command = [
        str(Path(sys.executable).with_name("st")),
        "run",
        program.url("/api/openapi.json"),
        "--header",
        f"Authorization: Bearer {key(program.var_dir, scope)}",
        "--phases=examples,coverage,fuzzing,stateful",
        f"--max-examples={EXAMPLES}",
        f"--checks={CHECKS}",
        "--seed=1",
        "--no-color",
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=350, check=False)
    assert done.returncode == 0, done.stdout[-6000:]
