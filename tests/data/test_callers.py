from __future__ import annotations

from data.callers import CallerHash

NUMBER = "+49 (30) 123-456"


def test_a_number_has_one_hash_however_it_is_written() -> None:
    hashed = CallerHash(b"key")
    assert hashed(NUMBER) == hashed("4930123456")
    assert hashed(NUMBER) != hashed("4930123457")


def test_the_hash_depends_on_the_key_and_holds_no_digits_of_the_number() -> None:
    digest, last = CallerHash(b"key")(NUMBER)
    assert CallerHash(b"other key")(NUMBER)[0] != digest
    assert (len(digest), last) == (32, "56")
    assert "4930123456" not in digest


def test_a_caller_without_digits_is_told_by_its_name() -> None:
    hashed = CallerHash(b"key")
    assert hashed(" Anonymous ") == hashed("anonymous")
    assert hashed("anonymous") != hashed("sip:somebody")
    assert hashed("anonymous")[1] == "us"
