"""The Dockerfile: its steps, done by hand in a folder, give a program that runs as another user and is well."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import Settings
from tests.conftest import ROOT
from tests.docker.parts import dockerfile
from tests.servers import Server, free_port, listening, scratch_folder, wait_until

STEPS = dockerfile()
LAST = [step for step in STEPS if step.stage == STEPS[-1].stage]


def only(word: str) -> str:
    (rest,) = (step.rest for step in LAST if step.word == word)
    return rest


def copies() -> list[tuple[str, str, int]]:
    """What is copied out of the project: source, target and stage."""
    found = [(step.rest.split(), step.stage) for step in STEPS if step.word == "COPY" and "--from" not in step.rest]
    return [(source, target, stage) for (source, target), stage in found]


def test_the_image_is_small_and_nobodys_root() -> None:
    assert only("USER").split(":")[0] not in ("root", "0")
    assert [step.rest for step in STEPS if step.word == "FROM"] == ["python:3.13-slim AS build", "python:3.13-slim"]
    said = " ".join(step.rest for step in LAST)
    for tool in ("pip", "apt-get", "gcc", "requirements-dev"):
        assert tool not in said


def test_it_carries_every_package_and_no_more() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert {source for source, _, stage in copies() if stage == LAST[0].stage} == packages | {"assets"}


def test_the_context_holds_what_is_copied_and_no_secret() -> None:
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]

    def is_sent(path: str) -> bool:
        sent = True
        for rule in rules:
            if fnmatch.fnmatch(path, rule.removeprefix("!")) or path.split("/")[0] == rule.removeprefix("!"):
                sent = rule.startswith("!")
        return sent

    assert all(is_sent(source) for source, _, _ in copies())
    assert not any(map(is_sent, (".env", ".git", "var", "docker/secrets", "tests", ".venv", "app/__pycache__")))


def test_the_ports_are_those_of_the_settings() -> None:
    defaults = [str(Settings.model_fields[key].default) for key in ("port", "prometheus_port")]
    assert only("EXPOSE").split() == defaults


@pytest.fixture
def image() -> Iterator[tuple[Path, dict[str, str]]]:
    """The root of a file system with the image's own folders, made by the RUN and COPY lines, and its environment."""
    with scratch_folder() as root:
        (root / "tmp").mkdir(mode=0o777)
        # Python of the base image; in a virtual environment it would lend its packages.
        environment = {"PATH": os.environ["PATH"], "HOME": str(root / "tmp")}
        place = root / "srv" / "voicehive"
        place.mkdir(parents=True)
        (root / "opt").mkdir()
        (root / "var" / "lib" / "voicehive").mkdir(parents=True)

        def here(text: str) -> str:
            return re.sub(r"(?<![\w.])/(opt|srv|tmp|var)(?=/)", lambda found: f"{root}/{found[1]}", text)

        for step in STEPS:
            if step.word == "RUN" and "useradd" not in step.rest:
                command = here(step.rest).replace("python -m venv", f"{sys.base_prefix}/bin/python3 -m venv")
                subprocess.run(command, shell=True, check=True, env=os.environ | {"HOME": str(root)}, timeout=500)
            elif step.word == "COPY" and "--from" not in step.rest:
                source, target = step.rest.split()
                into = Path(here(target)) if target.startswith("/") else place / target
                if (ROOT / source).is_dir():
                    shutil.copytree(ROOT / source, into, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    shutil.copy(ROOT / source, into)
            elif step.word == "ENV":
                for pair in shlex.split(here(step.rest)):
                    key, _, value = pair.partition("=")
                    environment[key] = value.replace("$PATH", environment["PATH"])
        yield place, environment


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_its_steps_give_a_program_that_serves_as_another_user(image: tuple[Path, dict[str, str]]) -> None:
    place, environment = image
    another = []
    if os.geteuid() == 0:
        shutil.chown(environment["VAR_DIR"], "daemon")
        place.parents[1].chmod(0o755)
        # The image's Python is everybody's; ours may lie in root's home. So it may read everything, but write nothing.
        reading = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
        another = ["setpriv", "--reuid=daemon", "--regid=daemon", "--init-groups", *reading, "--"]
    environment |= {"PORT": str(free_port()), "PROMETHEUS_PORT": str(free_port())}
    port = int(environment["PORT"])
    found = re.fullmatch(r"(?:--\S+ )+CMD (.+)", only("HEALTHCHECK"))
    assert found

    def healthy() -> bool:
        check = [*another, "sh", "-c", found[1]]
        return subprocess.run(check, env=environment, cwd=place, timeout=30, capture_output=True).returncode == 0

    assert not listening(port)
    assert not healthy()
    log = place.parents[1] / "tmp" / "server.log"
    command = [
        *another,
        "env",
        "-i",
        *(f"{key}={value}" for key, value in environment.items()),
        *json.loads(only("CMD")),
    ]
    with Server(command, port=port, log=log, cwd=place, ready=healthy) as server:
        if another:
            assert Path(f"/proc/{server.pid}").stat().st_uid != 0
        assert listening(int(environment["PROMETHEUS_PORT"]))
        server.stop()
        assert server.process is not None and server.process.returncode == 0
    wait_until(lambda: not listening(port), "the port is free")
    # Nothing but its own folder was written to.
    assert [path for path in place.rglob("*") if path.name == "__pycache__"] == []
