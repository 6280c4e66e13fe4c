"""Calls out of the app and in again: as CSV, Parquet and Excel, by the API and by the command."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import zipfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import duckdb
import openpyxl
import pytest

from app.commands import filtering
from app.components.filterbar import KEYS
from app.factory import App
from data.export import xlsx
from data.export.batches import EXPORTED, TIMES
from data.times import MINUTE, from_datetime, now_micros, to_iso
from tests.app.conftest import Client, call, unwired, wired
from tests.conftest import ROOT

ALL = "from=2020-01-01"
#: What a spreadsheet would run, and what it would not.
RISKY = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "plain", 'quo"te, comma', "ünï\nline"]


def sent(count: int = 12) -> list[dict[str, Any]]:
    full = {
        "queue": "sales", "agent_version": "1.2", "queued_at": to_iso(now_micros() - 6 * MINUTE), "wait_seconds": 4.25,
        "duration_seconds": 61.5, "turns": 7, "transferred": True, "csat": 4.5, "cost": 0.1234, "currency": "EUR",
        "tags": ["vip", "a,b"], "language": "de-DE", "latency_ms": 812.0, "end_reason_group": "customer",
    }  # fmt: skip
    found = []
    for n in range(count):
        at = now_micros() - (5 + n) * MINUTE - n
        one = call(f"c{n}", started_at=to_iso(at), answered_at=to_iso(at), ended_at=to_iso(at + MINUTE))
        found.append(one | full if n % 2 else one)
    return found


@pytest.fixture
def filled(client: Client) -> Client:
    assert client.post("/api/calls", json=sent()).status_code == 201
    assert client.post("/api/calls/test/c3/notes", json={"score": 5, "tags": ["checked"]}).status_code == 201
    return client


def told(client: Client, query: str = ALL) -> list[dict[str, Any]]:
    """The same calls by the ordinary list, without what an export leaves out."""
    calls = client.get(f"/api/calls?{query}&limit=1000").json["calls"]
    return [{name: value for name, value in one.items() if name in EXPORTED} for one in calls]


def test_csv_holds_the_calls_of_the_list_in_its_order(filled: Client) -> None:
    answer = filled.get(f"/api/export/calls.csv?{ALL}")
    assert answer.headers["X-Total-Count"] == "12"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=calls_2020-01-01_")
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert [line["call_id"] for line in lines] == [one["call_id"] for one in told(filled)]
    third = next(line for line in lines if line["call_id"] == "c3")
    assert (third["tags"], third["score"], third["review_tags"]) == ('["vip","a,b"]', "5", '["checked"]')
    assert (third["turns"], third["transferred"], third["agent_version"]) == ("7", "True", "1.2")


def test_csv_comes_in_again_as_it_went_out(filled: Client, tmp_path: Path) -> None:
    exported = tmp_path / "calls.csv"
    exported.write_bytes(filled.get(f"/api/export/calls.csv?{ALL}").data)
    other = wired(tmp_path / "other")
    unwired(other)
    run = command(tmp_path / "other", "import", str(exported))
    assert run.returncode == 0, run.stdout + run.stderr
    again = wired(tmp_path / "other")
    try:
        # What a reviewer said is no message about a call.
        before = [one | {"score": None, "review_tags": None} for one in told(filled)]
        reread: Client = again.server.test_client()
        assert told(reread) == before
        assert reread.get("/api/calls/test/c3").json["metadata"] is None
    finally:
        unwired(again)


def test_parquet_has_types_and_every_value(filled: Client, tmp_path: Path) -> None:
    path = tmp_path / "calls.parquet"
    answer = filled.get(f"/api/export/calls.parquet?{ALL}&agent=roxy")
    path.write_bytes(answer.data)
    with duckdb.connect() as database:
        described = "SELECT column_name, column_type FROM (DESCRIBE FROM read_parquet(?))"
        types = dict(database.execute(described, [str(path)]).fetchall())
        frame = database.execute("FROM read_parquet(?)", [str(path)]).df()
    assert types["started_at"] == "TIMESTAMP WITH TIME ZONE"
    assert (types["turns"], types["transferred"], types["cost"]) == ("BIGINT", "BOOLEAN", "DOUBLE")
    expected = told(filled)
    assert answer.headers["X-Total-Count"] == str(len(frame)) == str(len(expected))
    for name in TIMES:
        shown = frame[name].astype(object).where(frame[name].notna(), None)
        assert [v and to_iso(from_datetime(v)) for v in shown] == [one[name] for one in expected], name
    assert frame["cost"].dropna().tolist() == [one["cost"] for one in expected if one["cost"] is not None]


def test_a_workbook_has_real_dates_on_the_clock_of_the_zone(filled: Client) -> None:
    answer = filled.get(f"/api/export/calls.xlsx?{ALL}&zone=Asia/Tokyo")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data))["Calls"]
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0][EXPORTED.index("started_at")] == "started_at (Asia/Tokyo)"
    expected = told(filled)
    assert [row[EXPORTED.index("call_id")] for row in rows[1:]] == [one["call_id"] for one in expected]
    tokyo = timezone(timedelta(hours=9))
    for row, one in zip(rows[1:], expected, strict=True):
        shown = row[EXPORTED.index("started_at")]
        assert isinstance(shown, datetime)
        # A sheet counts in days: less than a millisecond of it is lost.
        lost = shown.replace(tzinfo=tokyo) - datetime.fromisoformat(one["started_at"])
        assert abs(lost) < timedelta(milliseconds=2)
        assert row[EXPORTED.index("cost")] == one["cost"]
        assert row[EXPORTED.index("transferred")] == one["transferred"]


def test_no_cell_is_a_formula(client: Client) -> None:
    client.post("/api/calls", json=[call(f"r{n}", agent=text.strip(), end_reason=text) for n, text in enumerate(RISKY)])
    lines = list(csv.DictReader(io.StringIO(client.get(f"/api/export/calls.csv?{ALL}").text)))
    for line in lines:
        for value in (line["agent"], line["end_reason"]):
            assert value[:1] not in set("=+-@\t\r"), value
    assert {line["end_reason"].lstrip("'").strip() for line in lines} == {text.strip() for text in RISKY}
    book = zipfile.ZipFile(io.BytesIO(client.get(f"/api/export/calls.xlsx?{ALL}").data))
    sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    assert not [element for element in sheet.iter() if element.tag.endswith("}f")]
    assert "=cmd|' /C calc'!A0" in "".join(sheet.itertext())


def test_only_the_calls_of_the_filter_go_out(filled: Client) -> None:
    query = f"{ALL}&min_duration=61&tags=vip"
    expected = filled.get(f"/api/calls?{query}").json["total"]
    assert 0 < expected < 12
    for kind in ("csv", "parquet", "xlsx"):
        assert filled.get(f"/api/export/calls.{kind}?{query}").headers["X-Total-Count"] == str(expected)


def test_a_sheet_too_small_is_said_with_the_way_out(filled: Client, monkeypatch: pytest.MonkeyPatch, app: App) -> None:
    monkeypatch.setattr(xlsx, "MOST_ROWS", 11)
    answer = filled.get(f"/api/export/calls.xlsx?{ALL}")
    assert (answer.status_code, answer.json["error"]["code"]) == (413, "too_many_rows")
    assert "take CSV or Parquet" in answer.json["error"]["message"]
    assert list((app.services.settings.var_dir / "exports").iterdir()) == []


def test_an_empty_filter_gives_an_empty_file_and_an_unknown_kind_none(client: Client) -> None:
    assert client.get(f"/api/export/calls.csv?{ALL}").text.splitlines() == [",".join(EXPORTED)]
    assert client.get(f"/api/export/calls.xlsx?{ALL}").headers["X-Total-Count"] == "0"
    assert client.get(f"/api/export/calls.parquet?{ALL}").status_code == 200
    assert client.get("/api/export/calls.exe").status_code == 404
    assert client.get("/api/export/calls.csv?from=tomorrow").status_code == 400


def command(var_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"VAR_DIR": str(var_dir)}
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments], env=environ, cwd=ROOT, text=True, capture_output=True, check=False
    )


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx"])
def test_the_command_writes_what_the_api_sends_while_the_server_runs(
    filled: Client, app: App, tmp_path: Path, kind: str
) -> None:
    out = tmp_path / f"out.{kind}"
    run = command(app.services.settings.var_dir, "export", "--out", str(out), "--from", "2020-01-01", "--tags", "vip")
    assert run.returncode == 0, run.stderr
    assert "6 calls are in" in run.stdout
    sent_by_api = filled.get(f"/api/export/calls.{kind}?{ALL}&tags=vip").data
    if kind == "csv":
        assert out.read_bytes() == sent_by_api
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".export")] == []


def test_the_command_knows_every_condition_of_a_page() -> None:
    of_pages = set(KEYS) - {"from", "to", "zone", "compare", "kiosk", "q"}
    assert {*filtering.LISTS, *filtering.SINGLE} == of_pages


def test_the_command_names_what_is_wrong(tmp_path: Path) -> None:
    for arguments, words in (
        (["--out", "x.txt"], "must end in"),
        (["--out", "x.csv", "--from", "whenever"], "from: "),
        (["--out", "x.csv", "--status", "great"], "status: must be one of"),
    ):
        run = command(tmp_path, "export", *arguments)
        assert run.returncode == 2
        assert words in run.stderr
        assert len(run.stderr.splitlines()) == 1
