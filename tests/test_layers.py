"""The rooms of the house: who may import whom, who may read the environment.

app -> alerts -> data; everyone -> monitoring -> nothing of ours. Imports inside functions and for type checking count.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

MAY_IMPORT = {
    "app": {"app", "alerts", "data", "monitoring"},
    "alerts": {"alerts", "data", "monitoring"},
    "data": {"data", "monitoring"},
    "monitoring": {"monitoring"},
}
LEAF = "data/models"
#: The second for a backend that imports the instrumentation alone.
READS_ENVIRONMENT = ("app/settings.py", "monitoring/environment.py")
ENVIRONMENT = {"environ", "environb", "getenv", "getenvb"}
TEST_ONLY = {
    "_pytest",
    "conftest",
    "dash.testing",
    "hypothesis",
    "playwright",
    "pytest",
    "selenium",
    "tests",
    "unittest",
    "websocket",
    "xdist",
}


def is_or_in(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def imports(tree: ast.AST, path: str) -> Iterator[tuple[int, str]]:
    """(line, module) of every import; `from x import y` gives x and x.y, as y may be a module."""
    package = path.removesuffix(".py").split("/")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield node.lineno, module
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and node.args:
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            first = node.args[0]
            if name in ("import_module", "__import__") and isinstance(first, ast.Constant):
                yield node.lineno, str(first.value)


def environment_reads(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, name) of every use of os.environ and its like, under whatever name `os` goes."""
    aliases = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name == "os"
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            yield from ((node.lineno, f"os.{alias.name}") for alias in node.names if alias.name in ENVIRONMENT)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            yield from ((node.lineno, f"os.{name}") for name in ENVIRONMENT & {node.attr})


def check_file(path: str, source: str) -> list[str]:
    """What a file does that it may not, as `file:line: what`."""
    tree = ast.parse(source)
    layer = path.split("/")[0]
    found = []
    for line, module in imports(tree, path):
        target = module.split(".")[0]
        if target in MAY_IMPORT and target not in MAY_IMPORT[layer]:
            found.append(f"{path}:{line}: {layer} may not import {target}")
        elif target in MAY_IMPORT and path.startswith(f"{LEAF}/") and not is_or_in(module, LEAF.replace("/", ".")):
            found.append(f"{path}:{line}: a leaf may import nothing of ours, not {target}")
        elif any(is_or_in(module, name) for name in TEST_ONLY):
            found.append(f"{path}:{line}: {module} is for tests only")
    if path not in READS_ENVIRONMENT:
        found += [f"{path}:{line}: only {READS_ENVIRONMENT[0]} reads {name}" for line, name in environment_reads(tree)]
    return list(dict.fromkeys(found))


def check_layer(root: Path, layer: str) -> tuple[int, list[str]]:
    """How many files a layer has, and what they do that they may not."""
    files = sorted((root / layer).rglob("*.py"))
    found = [each for file in files for each in check_file(file.relative_to(root).as_posix(), file.read_text("utf-8"))]
    return len(files), found


@pytest.mark.parametrize("layer", MAY_IMPORT)
def test_arrows_point_down_only(layer: str) -> None:
    count, found = check_layer(ROOT, layer)
    if not count:
        pytest.skip(f"there is no code in {layer}/")
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("path", "source", "complaint"),
    [
        ("alerts/rules.py", "import app.settings", "1: alerts may not import app"),
        ("data/ingest.py", "from alerts.rules import load", "1: data may not import alerts"),
        ("data/ingest.py", "def late():\n    from app import runtime", "2: data may not import app"),
        ("data/ingest.py", "import importlib\nimportlib.import_module('app.cli')", "2: data may not import app"),
        ("data/queries/volume.py", "from ...app import cli", "1: data may not import app"),
        ("data/models/calls.py", "from ..times import now", "1: a leaf may import nothing of ours, not data"),
        ("data/models/calls.py", "import monitoring.metrics", "1: a leaf may import nothing of ours, not monitoring"),
        ("monitoring/metrics.py", "from data import models", "1: monitoring may not import data"),
        ("app/factory.py", "import os\nos.environ['HOST']", "2: only app/settings.py reads os.environ"),
        ("app/factory.py", "import os as system\nsystem.getenv('HOST')", "2: only app/settings.py reads os.getenv"),
        ("data/record.py", "from os import environ", "1: only app/settings.py reads os.environ"),
        ("app/pages/calls.py", "from dash import testing", "1: dash.testing is for tests only"),
        ("app/pages/calls.py", "from unittest.mock import Mock", "1: unittest.mock is for tests only"),
        ("alerts/outbox.py", "import tests.servers", "1: tests.servers is for tests only"),
    ],
)
def test_a_violation_is_found(tmp_path: Path, path: str, source: str, complaint: str) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    file.write_text(source, "utf-8")
    count, found = check_layer(tmp_path, path.split("/")[0])
    assert count == 1
    assert f"{path}:{complaint}" in found


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("app/settings.py", "import os\nos.environ.get('PORT')\nfrom os import getenv"),
        ("app/factory.py", "import os\nimport alerts, data.models, monitoring\nos.getpid()"),
        ("app/pages/calls.py", "from ..filters import parse\nfrom . import ids"),
        ("alerts/rules.py", "from data import record\nfrom monitoring.metrics import CALLS\nself.environ"),
        (
            "data/models/calls.py",
            "from data.models.base import metadata\nfrom sqlalchemy import Table\nimport pytestlike, apparatus",
        ),
    ],
)
def test_what_is_allowed_passes(path: str, source: str) -> None:
    assert check_file(path, source) == []
