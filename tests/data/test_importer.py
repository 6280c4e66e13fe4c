"""Promise 19: of a malformed file the good rows are stored, the bad ones are listed by line, a second run adds 0."""

from __future__ import annotations

import csv
import gzip
import json
import random
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from data.files import Format
from data.importer import BadFile, Report, Source, guess_format, import_file
from data.ingest import Ingest
from data.record import Record
from data.sources import asterisk
from data.sources.mapping import BadMap, FieldMap, load_map
from data.times import SECOND, to_iso
from data.writer import apply
from tests.data.platforms import payloads as p
from tests.data.support import call, rows

HEADER = "call_id,started_at,agent,duration_seconds"
STARTED = "2024-05-01T10:00:00Z"
SECRET = b"a key of the test"


def line(call_id: str, agent: str = "Ada", duration: str = "7.5") -> str:
    return f"{call_id},{STARTED},{agent},{duration}"


class Importer:
    """Writes a file and imports it."""

    def __init__(self, record: Record, folder: Path) -> None:
        self.record = record
        self.file = folder / "calls"
        self.rejects = folder / "rejects.csv"

    def __call__(
        self,
        content: str | bytes | list[str],
        file_format: Format = "csv",
        **meaning: Any,
    ) -> Report:
        if isinstance(content, list):
            content = "\n".join(content) + "\n"
        self.file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return self.again(file_format, **meaning)

    def again(self, file_format: Format = "csv", **meaning: Any) -> Report:
        source = Source(**{"secret": SECRET, "source": "test"} | meaning)
        return import_file(self.record, self.file, source, file_format=file_format, rejects=self.rejects)

    def listed(self) -> list[tuple[int, str, str]]:
        """The rejects: line, reason, row."""
        with self.rejects.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            header, *found = csv.reader(file)
        assert header == ["line", "reason", "row"]
        return [(int(number), reason, row) for number, reason, row in found]

    def stored(self) -> set[str]:
        return {call_id for _, call_id in rows(self.record)}


@pytest.fixture
def importer(sqlite_record: Record, tmp_path: Path) -> Importer:
    return Importer(sqlite_record, tmp_path)


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


# --- field maps


def mapped(folder: Path, text: str) -> FieldMap:
    path = folder / "map.yml"
    path.write_text(text)
    return load_map(path)


def test_a_map_renames_converts_and_fills_in(importer: Importer, tmp_path: Path) -> None:
    field_map = mapped(
        tmp_path,
        """
        fields:
          call_id: id
          started_at: {column: begin, zone: America/New_York}
          duration_seconds: {column: minutes, times: 60}
          status: {column: result, values: {OK: success, "1": missed}, default: error}
          direction: {value: inbound}
          agent: {column: who, default: nobody}
        """,
    )
    header = "id,begin,minutes,result,who,colour"
    report = importer(
        [header, "a,2024-01-01 07:00:00,1.5,OK,Ada,red", "b,2024-07-01 08:00:00,,?,,", "c,2024-07-01T12:00Z,,1,x,"],
        field_map=field_map,
    )
    assert report.rejected == 0
    stored = rows(importer.record)
    a, b, c = (stored["test", name] for name in "abc")
    noon = [datetime(2024, month, 1, 12, tzinfo=UTC).timestamp() * SECOND for month in (1, 7, 7)]
    assert [row["started_at"] for row in (a, b, c)] == noon
    assert (a["duration_seconds"], a["agent"], a["metadata"]) == (90.0, "Ada", {"colour": "red"})
    assert "duration_seconds" not in b
    assert [row["status"] for row in (a, b, c)] == ["success", "error", "missed"]
    assert (b["agent"], b["direction"]) == ("nobody", "inbound")


@pytest.mark.parametrize(
    ("entry", "cell"),
    [
        ("duration_seconds: {column: x, times: 60}", "soon"),
        ("started_at: {column: x, zone: Europe/Berlin}", "soon"),
        ("started_at: {column: x, zone: Europe/Berlin}", "9999-99-99"),
        ("duration_seconds: {column: x, times: 60}", [1]),
        ("duration_seconds: {column: x, times: 60}", {"a": 1}),
        ("started_at: {column: x, zone: Europe/Berlin}", True),
        ("status: {column: x, values: {OK: success}, default: strange}", "?"),
    ],
)
def test_a_cell_that_a_map_cannot_convert_costs_its_row_and_names_the_field(
    importer: Importer, tmp_path: Path, entry: str, cell: Any
) -> None:
    row = {"call_id": "bad", "started_at": STARTED, "x": cell}
    good = {"call_id": "good", "started_at": STARTED}
    field_map = mapped(tmp_path, f"fields:\n  {entry}")
    report = importer([json.dumps(row), json.dumps(good)], "jsonl", field_map=field_map)
    assert report.rejected >= 1
    assert importer.listed()[0][1].startswith(entry.split(":")[0])
    assert "bad" not in importer.stored()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "expected one key"),
        ("fields: 3", "expected one key"),
        ("[1, 2]", "expected one key"),
        ("fields: {}\nmore: {}", "expected one key"),
        ("fields: {agent: x", "map.yml"),
        ("fields: {shoe_size: x}", "fields.shoe_size: a call has no such field"),
        ("fields: {1: x}", "fields.1: "),
        ("fields: {agent: {column: x, colour: red}}", "fields.agent.colour: "),
        ("fields: {agent: {}}", "fields.agent: needs either"),
        ("fields: {agent: {column: x, value: y}}", "fields.agent: needs either"),
        ("fields: {agent: [x]}", "fields.agent"),
        ("fields: {agent: }", "fields.agent"),
        ("fields: {cost: {column: x, times: many}}", "fields.cost.times: "),
        ("fields: {started_at: {column: x, zone: Europe/Atlantis}}", "fields.started_at.zone: is not"),
        ("fields: {started_at: {column: x, zone: ../../etc/passwd}}", "fields.started_at"),
        ("fields: {started_at: {column: x, zone: ''}}", "fields.started_at"),
        ("fields: {status: {column: x, values: [a]}}", "fields.status.values: "),
        ("fields: !!python/object/apply:os.getcwd []", "map.yml"),
    ],
)
def test_a_bad_map_is_refused_in_one_line_that_names_the_entry(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(BadMap) as refusal:
        mapped(tmp_path, text)
    message = str(refusal.value)
    assert message.startswith(f"{tmp_path / 'map.yml'}: ")
    assert place in message
    assert "\n" not in message


def test_a_map_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadMap, match=r"none\.yml: No such file"):
        load_map(tmp_path / "none.yml")
    (tmp_path / "binary.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadMap, match=r"binary\.yml: "):
        load_map(tmp_path / "binary.yml")


def test_real_calls_of_a_voice_agent_come_in_through_a_map(importer: Importer, datasets: Path, tmp_path: Path) -> None:
    field_map = mapped(
        tmp_path,
        """
        fields:
          source: {value: getgoing}
          agent: {value: GetGoing}
          direction: {value: inbound}
          updated_at: received_at_utc
          started_at: {column: started_at_local, zone: America/New_York}
          ended_at: {column: ended_at_local, zone: America/New_York}
          duration_seconds: duration_s
          turns: agent_turns
          status: {column: reached_directions, values: {"True": success, "False": success}, default: error}
        """,
    )
    content = (datasets / "cmu_getgoing_voice_agent" / "calls.csv").read_bytes()
    report = importer(content, field_map=field_map)
    assert (report.accepted, report.rejected) == (931, 0)
    stored = rows(importer.record)
    assert {source for source, _ in stored} == {"getgoing"}
    without_log = [row for row in stored.values() if row["metadata"]["has_log"] == "False"]
    assert len(without_log) == 94
    for row in without_log:
        # Nothing is known of them but that they came in: no turns, no duration, and not 0 of either.
        assert (row["status"], row["started_at"]) == ("error", row["updated_at"])
        assert not {"turns", "duration_seconds"} & set(row)
    with_log = [row for row in stored.values() if row["metadata"]["has_log"] == "True"]
    assert len(with_log) == 837
    # Local and UTC times stand side by side in the file: in summer and in winter they are the same instant.
    assert max(abs(row["started_at"] - row["updated_at"]) for row in with_log) < 60 * SECOND
    assert all(isinstance(row["turns"], int) and row["duration_seconds"] >= 0 for row in with_log)
    assert importer.again(field_map=field_map).duplicate == 931


# --- what exchanges write


def asterisk_row(cells: dict[str, str]) -> str:
    return ",".join(f'"{cells.get(name, "")}"' for name in asterisk._CSV)


FREESWITCH_ROW = (
    '"Ann","+15557320142","5000","default","2023-11-14 22:13:20","2023-11-14 22:13:24","2023-11-14 22:14:24",'
    '"64","60","NORMAL_CLEARING","2b1e0c9a-0d6f-4a53-9a4e-2f1f6f1d7a10","","","PCMU","PCMU"'
)


@pytest.mark.parametrize(
    ("file_format", "content", "calls", "lines"),
    [
        ("asterisk", "\n".join(map(asterisk_row, p.asterisk_call())) + "\nbroken,row\n", ["1700000000.26"], [4]),
        (
            "asterisk",
            "src,channel,start,answer,end,disposition,uniqueid\n"
            "555,PJSIP/a-00000001,2023-11-14 22:13:20,,2023-11-14 22:13:40,BUSY,1700000000.1\n"
            "555,PJSIP/a-00000001,late,,2023-11-14 22:13:40,BUSY,1700000000.2\n",
            ["1700000000.1"],
            [3],
        ),
        ("freeswitch", f"{FREESWITCH_ROW}\nx,y\n", ["2b1e0c9a-0d6f-4a53-9a4e-2f1f6f1d7a10"], [2]),
        ("freeswitch", json.dumps(p.freeswitch()) + '\n\n{"variables": {}}\n{broken\n', ["2b1e-fs"], [3, 4]),
        (
            "connect",
            "".join(map(json.dumps, p.connect_call())) + '{"no": "contact"}\n' + json.dumps(p.connect()) + '{"br\n',
            ["c-1"],
            [1, 2],
        ),
    ],
    ids=["asterisk", "asterisk with header", "freeswitch CSV", "freeswitch JSON", "connect"],
)
def test_what_an_exchange_writes_is_recognised_and_read(
    importer: Importer, file_format: Format, content: str, calls: list[str], lines: list[int]
) -> None:
    report = importer(content, file_format)
    assert guess_format(importer.file) == file_format
    assert importer.stored() == set(calls)
    assert (report.accepted, report.rejected) == (1, len(lines))
    assert [number for number, _, _ in importer.listed()] == lines
    before, again = rows(importer.record), importer.again(file_format)
    assert (again.accepted, again.updated, again.duplicate) == (0, 0, report.rows - len(lines))
    assert rows(importer.record) == before


def test_a_call_of_an_exchange_that_came_by_file_and_by_request_is_one(importer: Importer) -> None:
    apply(importer.record, [p.read("connect", payload) for payload in p.connect_call()])
    report = importer("".join(map(json.dumps, p.connect_call())), "connect", source="connect")
    assert (report.accepted, len(rows(importer.record))) == (0, 1)


def test_a_file_of_many_rows_of_an_exchange_is_read_by_several_processes(importer: Importer) -> None:
    content = [asterisk_row(p.asterisk(uniqueid=f"{p.S0}.{n}", linkedid=f"{p.S0}.{n}")) for n in range(12_000)]
    assert importer(content, "asterisk").accepted == 12_000
