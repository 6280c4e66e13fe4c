"""Printing: what hangs is ended, and without a browser the report comes all the same."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest

from app.reports import files, paper
from app.reports.content import Report
from app.reports.files import Form, made
from app.reports.mail import Letter, mail
from app.reports.paper import NoBrowser, printed
from tests.servers import wait_until


def program(tmp_path: Path, text: str) -> str:
    path = tmp_path / "browser"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def is_over(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_browser_that_hangs_is_ended_with_all_its_children(tmp_path: Path) -> None:
    browser = program(tmp_path, f"sleep 4711 & echo $! > {tmp_path}/child; sleep 4711")
    started = time.monotonic()
    with pytest.raises(NoBrowser, match="within 3 s"):
        printed("<p>", pdf=True, limit=3, browser=browser)
    assert time.monotonic() - started < 30
    wait_until(lambda: is_over(int((tmp_path / "child").read_text())), "its child is gone, too")


def test_a_browser_that_fails_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(NoBrowser, match="Chromium did not print"):
        printed("<p>", pdf=True, limit=60, browser=program(tmp_path, "exit 7"))


def test_without_a_browser_html_takes_the_place_of_pdf(january: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper, "find_browser", lambda: None)
    found = made(january, [Form.PDF, Form.CSV], pictures=True)
    assert [name.rpartition(".")[2] for name in found.files] == ["html", "csv"]
    assert list(found.missing) == ["The PDF is missing, the HTML file has the same: no Chromium is installed."]
    letter = Letter("Monthly", "k", "http://here", dict.fromkeys(found.files, "http://link"))
    page = mail(january, found, letter).get_body(("html",))
    assert page is not None
    text = page.get_content()
    assert "The PDF is missing" in text
    # In the place of a picture there are bars of the days.
    assert "cid:" not in text and "Sun 3 Jan 1999" in text and "2,093" in text


def test_what_is_too_large_becomes_a_link(january: Report) -> None:
    found = made(january, [Form.XLSX, Form.CSV])
    links = {name: f"http://here/{name}" for name in found.files}
    message = mail(
        january,
        found,
        Letter("Monthly", "k", "http://here", links),
        most_bytes=len(found.files[files.file_name(january, Form.CSV)]) + 10,
    )
    attached = [part.get_filename() for part in message.iter_attachments()]
    large = next(name for name in found.files if name not in attached)
    assert len(attached) == 1
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body is not None and links[large] in body.get_content()
