"""Promise 7, below the program: what is damaged is recognised, and nothing else is."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from data.damage import damage, set_aside


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database of some hundred pages."""
    made = tmp_path / "calls.db"
    with sqlite3.connect(made) as connection:
        connection.execute("CREATE TABLE calls (id INTEGER PRIMARY KEY, text TEXT)")
        connection.executemany("INSERT INTO calls (text) VALUES (?)", [("x" * 500,)] * 1_000)
    connection.close()
    return made


def test_a_sound_database_is_not_damaged(path: Path) -> None:
    assert damage(path) is None
    assert damage(path.with_name("missing.db")) is None
    assert not path.with_name("missing.db").exists()


def test_one_that_another_program_writes_to_is_not_damaged(path: Path) -> None:
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert damage(path) is None
    other.close()


@pytest.mark.parametrize(("at", "length"), [(0, 100), (20_000, 4_096), (200_000, 100_000)])
def test_bytes_that_are_none_of_its_own_are_found(path: Path, at: int, length: int) -> None:
    content = bytearray(path.read_bytes())
    content[at : at + length] = b"\xff" * length
    path.write_bytes(content)
    assert damage(path)


def test_a_cut_off_file_is_found(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100_000])
    assert damage(path)


def test_it_is_set_aside_with_all_that_belongs_to_it(path: Path) -> None:
    path.with_name("calls.db-wal").write_bytes(b"log")
    aside = set_aside(path, "damaged")
    assert aside.name.startswith("calls.db.damaged-")
    assert sorted(each.name for each in path.parent.iterdir()) == [aside.name, f"{aside.name}-wal"]
