"""`report` from a shell."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"VAR_DIR": str(folder / "var"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "app", "report", *arguments]
    return subprocess.run(command, env=environ, cwd=folder, text=True, capture_output=True, timeout=120)


def test_a_file_is_written_and_nothing_else_stays(tmp_path: Path) -> None:
    done = run(tmp_path, "--period", "weekly", "--date", "2026-01-07", "--agent", "roxy", "--out", "week.csv")
    assert (done.returncode, done.stderr) == (0, "")
    written = (tmp_path / "week.csv").read_text(encoding="utf-8-sig")
    assert "Report,,period,5 to 11 January 2026," in written and "Report,,filter,Agent: roxy," in written
    assert sorted(path.name for path in tmp_path.iterdir()) == ["var", "week.csv"]


def test_what_can_not_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    for arguments, says in (
        (("--period", "daily", "--out", "a.doc"), "must end in"),
        (("--period", "daily", "--date", "2999-01-01", "--out", "a.csv"), "has not begun yet"),
        (("--period", "daily", "--zone", "Mars/Base", "--out", "a.csv"), "zone"),
    ):
        done = run(tmp_path, *arguments)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
        assert says in done.stderr
