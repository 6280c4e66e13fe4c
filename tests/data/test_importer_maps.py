"""Files with other columns: by a map of one's own, and as exchanges write them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from data.files import Format
from data.importer import guess_format
from data.sources import asterisk
from data.sources.mapping import BadMap, FieldMap, load_map
from data.times import SECOND
from data.writer import apply
from tests.data.importing import STARTED, Importer
from tests.data.platforms import payloads as p
from tests.data.support import rows

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
