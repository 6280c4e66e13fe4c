"""Passwords are kept so that they can't be read, and checked so that nothing is told."""

from __future__ import annotations

import pytest

from app.auth.passwords import NOBODY, BadPassword, hash_password, is_outdated, is_right


def test_a_password_is_right_or_not() -> None:
    stored = hash_password("correct horse battery")
    assert stored.startswith("$argon2id$")
    assert is_right("correct horse battery", stored)
    for wrong in ("", "correct horse", "Correct horse battery", "x" * 100_000):
        assert not is_right(wrong, stored)
    assert not is_right("anything", None)
    assert not is_right("anything", "no hash at all")


def test_where_there_is_no_password_checking_costs_as_much() -> None:
    assert not is_outdated(NOBODY)  # the same parameters
    assert is_outdated(NOBODY.replace("m=32768", "m=8192"))


@pytest.mark.parametrize("password", ["", "short", "x" * 201, "aaaaaaaaaaaaaa", "abababababab"])
def test_what_is_easy_to_guess_is_refused(password: str) -> None:
    with pytest.raises(BadPassword):
        hash_password(password)
