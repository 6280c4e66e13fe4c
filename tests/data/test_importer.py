"""Promise 19: of a malformed file the good rows are stored, the bad ones are listed by line, a second run adds 0."""

from __future__ import annotations

import gzip
import json
import random
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from data.files import Format
from data.importer import BadFile, Source, guess_format, import_file
from data.ingest import Ingest
from data.record import Record
from data.times import to_iso
from tests.data.importing import HEADER, SECRET, STARTED, Importer, line
from tests.data.support import call, rows

# --- good files


def test_rows_of_csv_are_stored(importer: Importer) -> None:
    report = importer([HEADER, line("a"), line("b", agent="", duration="")])
    assert (report.accepted, report.rejected, report.rows) == (2, 0, 2)
    stored = rows(importer.record)
    assert stored["test", "a"]["agent"] == "Ada"
    assert stored["test", "a"]["duration_seconds"] == 7.5
    assert "agent" not in stored["test", "b"]


def test_rows_of_json_lines_are_stored(importer: Importer) -> None:
    full = {"call_id": "a", "started_at": STARTED, "duration_seconds": 7.5, "tags": ["x"], "metadata": {"k": [1]}}
    report = importer([json.dumps(full), "", json.dumps({"call_id": 7, "started_at": STARTED})], "jsonl")
    assert (report.accepted, report.rejected) == (2, 0)
    stored = rows(importer.record)
    assert (stored["test", "a"]["tags"], stored["test", "a"]["metadata"]) == (["x"], {"k": [1]})
    assert ("test", "7") in stored


@pytest.mark.parametrize("file_format", ["csv", "jsonl"])
@pytest.mark.parametrize(
    "dressed",
    [
        pytest.param(lambda text: b"\xef\xbb\xbf" + text.encode(), id="byte order mark"),
        pytest.param(lambda text: gzip.compress(text.encode()), id="gzip"),
        pytest.param(lambda text: gzip.compress(b"\xef\xbb\xbf" + text.encode()), id="both"),
        pytest.param(lambda text: text.replace("\n", "\r\n").encode(), id="Windows"),
        pytest.param(lambda text: text.rstrip("\n").encode(), id="no last newline"),
    ],
)
def test_a_file_may_be_dressed_in_many_ways(
    importer: Importer, file_format: Format, dressed: Callable[[str], bytes]
) -> None:
    plain = {
        "csv": f"{HEADER}\n{line('a')}\n{line('b', agent='Zoë')}\n",
        "jsonl": "".join(json.dumps({"call_id": i, "started_at": STARTED, "agent": "Zoë"}) + "\n" for i in "ab"),
    }[file_format]
    report = importer(dressed(plain), file_format)
    assert (report.accepted, report.rejected) == (2, 0)
    assert rows(importer.record)["test", "b"]["agent"] == "Zoë"
    assert guess_format(importer.file) == file_format


def test_columns_that_no_call_has_are_kept_as_metadata(importer: Importer) -> None:
    importer([" call_id , started_at,shoe size", f"a,{STARTED},43", f"b,{STARTED},"])
    stored = rows(importer.record)
    assert stored["test", "a"]["metadata"] == {"shoe size": "43"}
    assert "metadata" not in stored["test", "b"]


def test_naive_times_are_read_in_the_zone_of_the_file(importer: Importer) -> None:
    importer(["call_id,started_at", "a,2024-07-01 12:00:00"], zone="Asia/Kolkata")
    assert to_iso(rows(importer.record)["test", "a"]["started_at"]) == "2024-07-01T06:30:00Z"


def test_a_callers_number_reaches_neither_row_nor_file(importer: Importer) -> None:
    importer(["call_id,started_at,caller", f"a,{STARTED},+49 30 5550173842"])
    row = rows(importer.record)["test", "a"]
    assert row["caller_last2"] == "42"
    importer.record.close()
    for file in importer.file.parent.glob("voicehive.db*"):
        assert b"5550173842" not in file.read_bytes()


def test_a_second_run_adds_nothing_and_a_changed_row_updates(importer: Importer) -> None:
    importer([HEADER, line("a"), line("b")])
    before = rows(importer.record)
    report = importer.again()
    assert (report.accepted, report.updated, report.duplicate) == (0, 0, 2)
    assert rows(importer.record) == before
    report = importer([HEADER, line("a", agent="Bob"), line("b")])
    assert (report.updated, report.duplicate) == (1, 1)


def test_calls_that_are_known_and_calls_that_are_new_stand_in_one_file(importer: Importer) -> None:
    def event(call_id: str, **fields: Any) -> str:
        return json.dumps({"call_id": call_id, "started_at": STARTED} | fields)

    importer([event("known"), event("same")], "jsonl")
    later = {"updated_at": "2024-05-01T10:00:09Z", "agent": "Ada"}
    content = [event("known", transcript="Hello", **later), event("new", transcript="Hi"), event("new", **later)]
    report = importer([*content, event("same")], "jsonl")
    assert (report.accepted, report.updated, report.duplicate) == (1, 2, 1)
    for call_id, said in (("known", "Hello"), ("new", "Hi")):
        found = importer.record.call("test", call_id)
        assert found is not None
        assert (found["agent"], found["transcript"]) == ("Ada", said)


def test_progress_is_heard_until_the_end_of_the_file(importer: Importer) -> None:
    importer([HEADER, line("a")])
    heard: list[int] = []
    import_file(
        importer.record,
        importer.file,
        Source(SECRET),
        file_format="csv",
        rejects=importer.rejects,
        progress=heard.append,
    )
    assert heard[-1] == importer.file.stat().st_size


# --- bad rows


def test_a_row_with_the_wrong_number_of_cells_costs_itself_alone(importer: Importer) -> None:
    report = importer([HEADER, line("a"), "too,few", line("b") + ",too many", line("c")])
    assert (report.accepted, report.rejected) == (2, 2)
    assert importer.stored() == {"a", "c"}
    assert importer.listed() == [
        (3, "2 cells, but the header has 4 columns", "too,few"),
        (4, "5 cells, but the header has 4 columns", line("b") + ",too many"),
    ]
    assert report.rejects_file == importer.rejects


def test_a_reject_names_the_line_where_its_row_begins(importer: Importer) -> None:
    report = importer(
        [
            HEADER,
            'a,2024-05-01T10:00:00Z,"an agent\non two lines",1',
            "",
            'b,when,"another\n\none",1',
            'c,2024-05-01T10:00:00Z,"ends\nhere",x',
            line("d"),
        ]
    )
    assert (report.accepted, report.rejected) == (2, 2)
    assert [(number, reason.split(":")[0]) for number, reason, _ in importer.listed()] == [
        (5, "started_at"),
        (8, "duration_seconds"),
    ]
    assert importer.listed()[0][2] == 'b,when,"another\n\none",1'
    assert rows(importer.record)["test", "a"]["agent"] == "an agent\non two lines"


def test_bytes_that_are_no_utf8_cost_their_row_and_are_listed_as_they_were(importer: Importer) -> None:
    for column, name in ((2, "agent"), (1, "started_at"), (0, "call_id")):
        cells = line("bad").split(",")
        cells[column] = "caf\udce9"
        content = "\n".join([HEADER, line("a"), ",".join(cells), line("b")])
        report = importer(content.encode("utf-8", "surrogateescape"))
        assert report.rejected == 1
        assert importer.stored() == {"a", "b"}
        assert importer.listed()[0][1].startswith(name)
        assert importer.rejects.read_bytes().count(b"caf\xe9") == 1


def test_bytes_that_are_no_utf8_in_another_column_cost_their_row_too(importer: Importer) -> None:
    report = importer(b"call_id,started_at,note\na,2024-05-01,\xff\nb,2024-05-01,fine\n")
    assert (report.accepted, report.rejected) == (1, 1)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("{", "not JSON"),
        ("null", "expected an object"),
        ("[1, 2]", "expected an object"),
        ('"text"', "expected an object"),
        ("{}", "call_id: required"),
        ('{"call_id": "x"}', "started_at: required"),
        ('{"call_id": "x", "started_at": NaN}', "not JSON"),
        ('{"call_id": "x", "started_at": 1e999}', ""),
        ('{"call_id": "x", "started_at": 1700000000, "csat": 9}', "csat"),
        ('{"call_id": "x", "started_at": 1700000000, "more": ' + "[" * 100 + "]" * 100 + "}", "metadata: nested"),
        ('{"call_id": "x", "started_at": 1700000000, "more": ' + "[" * 5000 + "]" * 5000 + "}", ""),
        ('{"call_id": "x", "started_at": 1700000000, "agent": "\\ud800"}', ""),
        ('{"call_id": "x", "started_at": 1700000000, "agent": "\\u0000"}', "agent"),
    ],
    ids=lambda value: value[:60],
)
def test_a_bad_line_of_json_costs_itself_alone(importer: Importer, bad: str, reason: str) -> None:
    good = [json.dumps({"call_id": name, "started_at": STARTED}) for name in "ab"]
    report = importer([good[0], bad, good[1]], "jsonl")
    assert (report.accepted, report.rejected) == (2, 1)
    ((number, why, row),) = importer.listed()
    assert (number, row) == (2, bad)
    assert why.startswith(reason)
    assert "\n" not in why


def test_a_file_without_a_bad_row_makes_no_list(importer: Importer) -> None:
    report = importer([HEADER, line("a")])
    assert report.rejects_file is None
    assert not importer.rejects.exists()


@pytest.mark.parametrize(
    "first", ["call_id", "call_id,started_at", HEADER], ids=["id alone", "two columns", "four columns"]
)
def test_a_header_alone_is_a_file_without_rows(importer: Importer, first: str) -> None:
    assert importer([first]).rows == 0
    assert importer("\n\n", "jsonl").rows == 0


# --- files that can't be read


@pytest.mark.parametrize("content", ["", "\ufeff"])
def test_an_empty_file_is_refused(importer: Importer, content: str) -> None:
    with pytest.raises(BadFile, match=r"calls: the file is empty$"):
        importer(content)


def test_a_header_that_names_a_column_twice_is_refused(importer: Importer) -> None:
    with pytest.raises(BadFile, match=r"calls: line 1: column 'agent' appears twice$"):
        importer(["call_id,agent,started_at, agent", f"a,x,{STARTED},y"])


def test_a_file_that_is_not_there_is_refused(importer: Importer) -> None:
    with pytest.raises(BadFile, match="calls: No such file"):
        importer.again()
    with pytest.raises(BadFile, match="calls: No such file"):
        guess_format(importer.file)


def damaged_gzip() -> Iterator[Any]:
    whole = gzip.compress(("\n".join([HEADER, *(line(f"{n}") for n in range(300))])).encode())
    yield pytest.param(whole[: len(whole) // 2], id="cut off")
    yield pytest.param(whole[:12], id="cut off at once")
    yield pytest.param(whole[:40] + b"\xff" * 40 + whole[80:], id="overwritten")
    yield pytest.param(whole[:-8] + b"\0" * 8, id="wrong checksum")
    yield pytest.param(b"\x1f\x8b this only begins like gzip", id="no gzip")


@pytest.mark.parametrize("content", [*damaged_gzip()])
@pytest.mark.parametrize("file_format", ["csv", "jsonl"])
def test_a_damaged_gzip_file_is_refused_by_name(importer: Importer, content: bytes, file_format: Format) -> None:
    with pytest.raises(BadFile, match="calls: ") as refusal:
        importer(content, file_format)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("between", [";", "\t"])
def test_cells_may_be_told_apart_as_spreadsheets_do(importer: Importer, between: str) -> None:
    lines = ["call_id,started_at,agent", "a,2026-11-20T10:00:00Z,roxy", 'b,2026-11-20T10:00:00Z,"lu\nna"']
    found = importer("\n".join(lines).replace(",", between).encode(), "csv")
    assert (found.accepted, found.rejected) == (2, 0)
    assert {row["agent"] for row in rows(importer.record).values()} == {"roxy", "lu\nna"}


@pytest.mark.parametrize("content", [b"PK\x03\x04 a workbook", "call_id,started_at\n".encode("utf-16")])
def test_what_is_no_text_is_refused_with_a_way_out(importer: Importer, content: bytes) -> None:
    with pytest.raises(BadFile, match=r"calls: this is no text in UTF-8; save it as CSV"):
        importer(content)


@pytest.mark.parametrize("content", [b"\x1f\x8b this only begins like gzip", gzip.compress(b"x" * 99, mtime=0)[:12]])
def test_the_format_of_a_damaged_gzip_file_is_not_guessed(importer: Importer, content: bytes) -> None:
    importer.file.write_bytes(content)
    with pytest.raises(BadFile, match="calls: "):
        guess_format(importer.file)


def test_a_cell_that_never_ends_is_refused_with_its_line(importer: Importer) -> None:
    with pytest.raises(BadFile, match="calls: line 3: field larger"):
        importer([HEADER, line("a"), 'b,"' + "x" * 17_000_000])


# --- many rows


def many(count: int, seed: int = 1) -> tuple[list[str], dict[int, str]]:
    """A file's lines in no order, some rows of them bad: the lines, and the field that is wrong by line."""
    chance = random.Random(seed)
    numbers = list(range(count))
    chance.shuffle(numbers)
    lines, wrong = [HEADER], dict[int, str]()
    for number in numbers:
        start = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
        cells = [f"{number}", start.isoformat(), f"agent {number % 40}", "7"]
        if number % 500 == 0:
            field = chance.choice([1, 3])
            cells[field] = "wrong"
            wrong[len(lines) + 1] = HEADER.split(",")[field]
        lines.append(",".join(cells))
    return lines, wrong


@pytest.mark.slow
def test_twenty_five_thousand_rows_go_through_the_pool_and_a_second_run_adds_nothing(importer: Importer) -> None:
    lines, wrong = many(25_000)
    report = importer(lines)
    assert (report.accepted, report.rejected, report.rows) == (24_950, 50, 25_000)
    assert {number: reason.split(":")[0] for number, reason, _ in importer.listed()} == wrong
    assert all(row == lines[number - 1] for number, _, row in importer.listed())
    before = rows(importer.record)
    assert len(before) == 24_950
    report = importer.again()
    assert (report.accepted, report.updated, report.duplicate, report.rejected) == (0, 0, 24_950, 50)
    assert rows(importer.record) == before


@pytest.mark.slow
def test_a_long_file_that_breaks_off_keeps_the_rows_before_and_can_be_sent_again(importer: Importer) -> None:
    lines, _ = many(14_000)
    whole = gzip.compress("\n".join(lines).encode())
    with pytest.raises(BadFile, match=r"calls: after line \d+: "):
        importer(whole[: len(whole) * 9 // 10])
    kept = len(importer.stored())
    assert kept > 8_000
    report = importer(whole)
    assert (report.duplicate, report.accepted) == (kept, 13_972 - kept)


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"], ids=["Unix", "Windows", "old Mac"])
def test_rows_of_several_lines_stay_whole_throughout_a_long_file(importer: Importer, ending: str) -> None:
    lines = ["call_id,started_at,note"]
    for number in range(7_000):
        # A lone quote within a cell opens nothing, and a cell that does begin with one may hold line breaks.
        note = ('5" pipe', '"a ""note""\n\n\non lines"', "short")[number % 3]
        lines.append(f"{number},{'wrong' if number % 1_000 == 999 else STARTED},{note}")
    content = ending.join("\n".join(lines).split("\n"))
    report = importer(content)
    assert (report.accepted, report.rejected) == (6_993, 7)
    notes = {row["metadata"]["note"] for row in rows(importer.record).values()}
    assert notes == {'5" pipe', f'a "note"{ending}{ending}{ending}on lines', "short"}
    physical = content.split(ending)
    assert [physical[number - 1].split(",")[0] for number, _, _ in importer.listed()] == [
        f"{number}" for number in range(999, 7_000, 1_000)
    ]


@pytest.mark.slow
def test_a_cell_that_never_ends_leaves_the_rows_of_the_parts_before(importer: Importer) -> None:
    lines, _ = many(12_000)
    with pytest.raises(BadFile, match="calls: line 12002: field larger"):
        importer([*lines, 'b,"' + "x" * 17_000_000])
    assert len(importer.stored()) > 8_000


def test_an_import_and_a_running_writer_share_the_file(importer: Importer) -> None:
    other = Record(importer.record.url.render_as_string())
    ingest = Ingest(other)
    ingest.start()
    imported = threading.Event()
    written: list[str] = []

    def write() -> None:
        while not imported.is_set():
            ingest.write([call(f"live {len(written)}")])
            written.append(f"live {len(written)}")

    thread = threading.Thread(target=write)
    thread.start()
    try:
        lines, wrong = many(9_000)
        report = importer(lines)
    finally:
        imported.set()
        thread.join(30)
        ingest.stop()
        other.close()
    assert report.accepted == 9_000 - len(wrong)
    assert written
    assert importer.stored() >= set(written)
    assert len(importer.stored()) == report.accepted + len(written)
