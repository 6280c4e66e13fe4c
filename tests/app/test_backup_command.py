"""`backup` and `restore` from a shell: what is refused, and what fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from tests.data.support import empty_record


@pytest.fixture
def var_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    empty_record(tmp_path / "var" / "voicehive.db").close()
    return tmp_path / "var"


def run(var_dir: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), env={"VAR_DIR": str(var_dir)})


def test_a_folder_that_is_in_use_is_refused_in_one_line(var_dir: Path) -> None:
    (var_dir / "notes.txt").touch()
    for arguments, says in (
        (("backup", str(var_dir)), f"voicehive: {var_dir}: is there already and not empty; name another folder"),
        (("restore", str(var_dir)), f"voicehive: {var_dir}: no backup: manifest.json can't be read (No such file"),
    ):
        done = run(var_dir, *arguments)
        assert (done.exit_code, done.output.count("\n")) == (2, 1)
        assert done.output.startswith(says)


def test_a_backup_that_can_not_be_made_fails(var_dir: Path) -> None:
    (var_dir / "voicehive.db").write_bytes(b"x" * 5000)
    done = run(var_dir, "backup", str(var_dir / "backup"))
    assert (done.exit_code, done.output.count("\n")) == (1, 1)
    assert "not a database" in done.output
    assert not (var_dir / "backup").exists()
