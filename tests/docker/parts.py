"""The files of docker/ as data."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import yaml

from tests.conftest import ROOT

DOCKER = ROOT / "docker"
COMPOSE = ("docker-compose.yml", "docker-compose.monitoring.yml")


class Instruction(NamedTuple):
    """One instruction of the Dockerfile: its word, what follows, and the number of its stage."""

    word: str
    rest: str
    stage: int


def dockerfile() -> list[Instruction]:
    """The instructions in their order, each on one line."""
    text = re.sub(r"^#.*\n", "", (DOCKER / "Dockerfile").read_text(), flags=re.MULTILINE)
    found, stage = [], -1
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if line.strip():
            word, _, rest = line.partition(" ")
            stage += word == "FROM"
            found.append(Instruction(word, rest.strip(), stage))
    return found


def compose(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DOCKER / name).read_text())
    return loaded


def together() -> dict[str, Any]:
    """Both compose files as Docker lays one over the other, as far as they meet: in the environment of a service."""
    base, over = (compose(name) for name in COMPOSE)
    for name, service in over["services"].items():
        if name in base["services"]:
            assert set(service) == {"environment"}, name
            base["services"][name]["environment"] |= service["environment"]
        else:
            base["services"][name] = service
    return base | {key: base[key] | over[key] for key in ("volumes", "secrets")}
