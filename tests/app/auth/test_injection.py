"""What is typed into filters, queries and addresses is data, and never the program of anything behind them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from app.api.describe import FILTERS
from app.pages import LIVE_PARTS
from tests.app.auth.conftest import OWN, Guarded, bearer, guarded_app, sign_in
from tests.app.conftest import call, unwired

pytestmark = pytest.mark.slow

PAYLOADS = (
    "' OR '1'='1",
    '" OR "1"="1" --',
    "x'; DROP TABLE calls; --",
    "x' UNION SELECT sql FROM sqlite_master --",
    "'; COPY calls TO '/tmp/stolen.csv'; --",
    "' || (SELECT content FROM read_text('/etc/passwd')) || '",
    "%",
    "_",
    "\\",
    "$1 :name ? {x}",
    "\u0000",
    '"} or up or {a="',
)
ANSWERS = (
    "/api/calls",
    "/api/kpis",
    "/api/agents",
    "/api/series",
    "/api/values",
    "/api/export/calls.csv",
    "/_rows/calls",
)
TEXTS = ("agent", "queue", "source", "tags", "end_reason", "language", "sentiment", "agent_version", "q")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """An app with two calls."""
    made = guarded_app(tmp_path_factory.mktemp("filled"))
    calls = [call("c1", tags=["vip"], queue="sales", end_reason="bye"), call("c2")]
    key = bearer(made.keys["ingest"])
    assert made.browser().post("/api/calls", json=calls, headers=key).status_code == 201
    yield made
    unwired(made.app)


def test_a_filter_finds_what_is_called_so_and_nothing_else(filled: Guarded) -> None:
    client = filled.signed_in("viewer")
    for name in TEXTS:
        for payload in PAYLOADS:
            answer = client.get(f"/api/calls?{urlencode({name: payload})}")
            found = answer.json["total"] if answer.status_code == 200 else 0
            assert answer.status_code in (200, 400), (name, payload)
            assert found == 0, (name, payload)
    assert client.get("/api/calls").json["total"] == 2


@pytest.mark.parametrize("path", ANSWERS)
def test_no_parameter_of_any_answer_is_more_than_data(filled: Guarded, path: str) -> None:
    client = filled.signed_in("operator")  # what is written down about exports is counted apart from the viewer's
    names = [parameter.name for parameter in FILTERS] + ["bucket", "by", "metric", "cursor", "limit", "facet", "sort"]
    dear = "/export/" in path
    for payload in PAYLOADS[2:3] if dear else (PAYLOADS[2], PAYLOADS[10]):
        for given in [dict.fromkeys(names, payload)] if dear else [{name: payload} for name in names]:
            answer = client.get(f"{path}?{urlencode(given)}")
            assert answer.status_code in (200, 400, 404, 422), (given, answer.text[:200])
            assert "root:" not in answer.text
    assert client.get("/api/calls").json["total"] == 2
    assert not Path("/tmp/stolen.csv").exists()


@pytest.mark.parametrize("page", LIVE_PARTS)
def test_no_choice_of_a_page_is_more_than_data(filled: Guarded, page: str) -> None:
    client = filled.signed_in("admin")
    names = ("agent", "q", "view", "metric", "by", "bucket", "find", "before", "fingerprint", "call", "sl_seconds")
    for payload in PAYLOADS:
        answer = client.get(f"/_live/{page}?{urlencode(dict.fromkeys(names, payload))}")
        assert answer.status_code in (200, 400), (payload, answer.text[:200])
        assert "root:" not in answer.text


def test_a_query_of_samples_is_never_more_than_that(filled: Guarded) -> None:
    client = filled.signed_in("viewer")
    hostile = (
        *PAYLOADS, "(" * 20_000, "-" * 20_000 + "1", "sum(" * 2_000 + "up" + ")" * 2_000,
        'up{a=~"(a+)+$"}', 'label_replace(up, "a", "$1", "b", "(.*)*x")', "up[100y:1ms]", "1e999", "9" * 5_000,
    )  # fmt: skip
    for text in hostile:
        for path in ("query", "query_range"):
            given = {"query": text, "start": "0", "end": "60", "step": "15"}
            answer = client.post(f"/api/v1/{path}", data=given, headers=OWN)
            assert answer.status_code in (200, 400, 422, 503), (text[:40], answer.text[:200])
        assert client.get("/api/v1/series", query_string={"match[]": text[:2_000]}).status_code in (200, 400, 422)


TRAVERSALS = (
    "/assets/../app/settings.py", "/assets/..%2fapp%2fsettings.py", "/assets/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/assets/%252e%252e%252fapp/settings.py", "/assets/..%5c..%5capp%5csettings.py", "/assets/....//app/settings.py",
    "/assets//etc/passwd", "/assets/%2fetc/passwd", "/assets/voicehive/%00.css", "/assets/voicehive/..%c0%af..",
    "/_dash-component-suites/dash/../../../../etc/passwd", "/_dash-component-suites/dash/%2e%2e%2f%2e%2e%2fsettings.py",
    "/_dash-component-suites/..%2f..%2fapp/settings.py", "/api/export/calls...%2f..%2fetc%2fpasswd",
    "/api/export/calls.%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/api/..%2f..%2fetc/passwd",
)  # fmt: skip


@pytest.mark.parametrize("path", TRAVERSALS)
def test_an_address_that_climbs_out_of_its_folder_finds_nothing(filled: Guarded, path: str) -> None:
    answer = filled.signed_in("admin").get(path)
    assert answer.status_code == 404
    assert "root:" not in answer.text
    assert "BaseModel" not in answer.text


def test_no_word_of_a_request_becomes_a_line_of_the_log_or_a_header(
    filled: Guarded, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    from monitoring.logs import JsonFormatter

    forged = 'x\r\n{"level": "critical", "message": "forged"}\r\nSet-Cookie: a=b'
    client = filled.browser()
    with caplog.at_level("DEBUG"):
        sign_in(client, forged, "wrong password")
        for path in (
            f"/login?{urlencode({'next': '/' + forged})}",
            f"/api/{forged}",
            f"/api/kpis?{urlencode({'from': forged})}",
        ):
            answer = client.get(path)
            assert "Set-Cookie" not in answer.headers
            assert all("\n" not in value and "forged" not in name for name, value in answer.headers)
        client.get("/api/kpis", headers={"X-Request-ID": "a b; forged"})
    for record in caplog.records:
        line = JsonFormatter().format(record)
        assert "\n" not in line
        assert json.loads(line)["message"] != "forged"


def test_what_a_spreadsheet_would_run_is_text(filled: Guarded, tmp_path: Path) -> None:
    import openpyxl

    formula = '=HYPERLINK("http://evil.example","x")'
    key: Any = bearer(filled.keys["ingest"])
    filled.browser().post(
        "/api/calls", json=call("f1", source="evil", agent=formula, queue="+1", tags=["@SUM(1)"]), headers=key
    )
    client = filled.signed_in("viewer")
    assert f"'{formula.split(chr(34))[0]}" in client.get("/api/export/calls.csv?source=evil").text
    (tmp_path / "calls.xlsx").write_bytes(client.get("/api/export/calls.xlsx?source=evil").data)
    sheet = openpyxl.load_workbook(tmp_path / "calls.xlsx").worksheets[0]
    cells = [cell for row in sheet.iter_rows(min_row=2) for cell in row]
    assert formula in [cell.value for cell in cells]
    assert {cell.data_type for cell in cells} & {"f"} == set()
