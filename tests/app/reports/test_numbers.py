"""The bank's January in every form: the figures that plain pandas computed."""

from __future__ import annotations

import csv
import html as escaping
import io
import re
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pypdf
import pytest
from openpyxl import load_workbook
from playwright.sync_api import expect

from app.reports.content import Report
from app.reports.csv import csv as written
from app.reports.html import html
from app.reports.paper import printed
from app.reports.periods import Period
from app.reports.xlsx import xlsx
from data.times import to_datetime
from tests.app.reports.conftest import ZONE, Bank
from tests.servers import require

#: Figure in the report -> figure of the expectation, computed with plain pandas.
FIGURES: dict[str, Callable[[Any], float]] = {
    "Total calls": lambda e: e["total_calls"],
    "Success rate": lambda e: e["success_rate_percent"],
    "Offered": lambda e: e["offered"],
    "Abandonment rate": lambda e: e["abandonment_rate_percent"],
    "Average duration": lambda e: e["duration_seconds"]["mean"],
    "Median duration": lambda e: e["duration_seconds"]["p50"],
    "p95 duration": lambda e: e["duration_seconds"]["p95"],
    "p99 duration": lambda e: e["duration_seconds"]["p99"],
    "Average wait": lambda e: e["wait_seconds_of_offered"]["mean"],
    "Median wait": lambda e: e["wait_seconds_of_offered"]["p50"],
    "p95 wait": lambda e: e["wait_seconds_of_offered"]["p95"],
    "Average speed of answer": lambda e: e["asa_seconds"]["mean"],
    "Service level": lambda e: e["service_level_20s_percent"]["abandoned_count"],
}


def demand(found: dict[str, Any], expected: Any) -> None:
    """All figures, to the four decimals of the expectation."""
    wanted = {label: figure(expected) for label, figure in FIGURES.items()}
    assert {label: found[label] for label in wanted} == pytest.approx(wanted, abs=1e-4)


def test_content(january: Report, expected: Any) -> None:
    demand({each.label: each.value for each in january.key_figures}, expected)
    assert january.period == "January 1999"
    assert (january.so_far, january.compared, list(january.changes)) == (False, False, [])
    days: dict[Any, Any] = {row[0]: row[1] for row in january.table("Volume").rows}
    assert (len(days), sum(n > 0 for n in days.values())) == (31, expected["days_with_calls"])
    assert f"({expected['busiest_day'][1]:,})" in january.charts[0].words
    agents = {row[0]: row for row in january.table("Agents").rows}
    assert len(agents) == expected["agents"]
    columns = [column.label for column in january.table("Agents").columns]
    for name, figures in expected["top_agents"].items():
        assert agents[name][columns.index("Calls")] == figures["calls"]
        assert agents[name][columns.index("p95 duration")] == pytest.approx(figures["p95_duration_seconds"])
    assert {row[0]: row[1] for row in january.table("Queues").rows} == expected["calls_by_queue"]
    assert {str(row[0]).lower(): row[1] for row in january.table("Outcomes").rows} == expected["by_status"]


def test_the_rhythm_of_the_week(january: Report, bank: Bank, expected: Any) -> None:
    """By hour and weekday of the bank's own clock; in January 1999 Sunday was the busiest day."""
    table = january.table("Weekday and hour")
    rows: list[Any] = [row[1:] for row in table.rows]
    assert (table.columns[7].label, len(rows)) == ("Sun", 24)
    by_day = [sum(row[day] for row in rows) for day in range(7)]
    days: Any = january.table("Volume").rows
    sundays = [n for at, n, *_ in days if to_datetime(at, ZONE).weekday() == 6]
    assert (sum(by_day), by_day[6]) == (expected["total_calls"], sum(sundays))
    highest = max(max(row) for row in rows)
    assert f'data-value="{highest}" style="--share:1.00"' in html(january)
    # One day has no rhythm, its hours are the bars; nor has a time without calls.
    for other in (bank.report(Period.DAILY, date(1999, 1, 3)), bank.report(Period.WEEKLY, date(1999, 6, 1))):
        assert "Weekday and hour" not in {each.name for each in other.tables}


def test_html(january: Report, expected: Any) -> None:
    page = html(january)
    # Figure, value: the value with all its digits stands in the cell.
    found = dict(re.findall(r'<tr><td>([^<]+)</td><td class="n" data-value="([^"]+)"', page))
    demand({label: float(found[label]) for label in FIGURES}, expected)
    assert ">31,359<" in page and ">86.3\xa0%<" in page
    without = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r'(src|href)="', without), "nothing is loaded from anywhere"


def test_csv(january: Report, expected: Any) -> None:
    rows = list(csv.DictReader(io.StringIO(written(january))))
    figures = {row["row"]: row["value"] for row in rows if (row["table"], row["figure"]) == ("Key figures", "Value")}
    demand({label: float(figures[label]) for label in FIGURES}, expected)
    queues = {row["row"]: int(row["value"]) for row in rows if (row["table"], row["figure"]) == ("Queues", "Calls")}
    assert queues == expected["calls_by_queue"]


def test_xlsx(january: Report, expected: Any) -> None:
    book: Any = load_workbook(io.BytesIO(xlsx(january)))
    assert book.sheetnames == ["Report", *(table.name for table in january.tables)]
    sheet = book["Key figures"]
    found = {}
    for name, value in sheet.iter_rows(min_row=2, max_col=2):
        # Excel keeps shares as parts of one.
        found[name.value] = value.value * 100 if value.number_format == "0.0%" else value.value
    demand(found, expected)
    volume = book["Volume"]
    assert [volume["A2"].value, volume["A32"].value] == [datetime(1999, 1, 1), datetime(1999, 1, 31)]
    assert volume["A2"].is_date and volume["B2"].number_format == "#,##0"
    assert sum(row[0].value for row in volume.iter_rows(min_row=2, min_col=2, max_col=2)) == expected["total_calls"]
    assert [rule.type for rules in book["Weekday and hour"].conditional_formatting for rule in rules.rules] == [
        "colorScale"
    ]
    assert len(volume._charts) == 1 and len(book["Service level"]._charts) == 2


@pytest.mark.slow
def test_pdf(january: Report, expected: Any) -> None:
    require("chromium")
    made = printed(html(january, offered=False), pdf=True, pictures=["volume"])
    pages: Any = pypdf.PdfReader(io.BytesIO(made.pdf)).pages
    text = "\n".join(page.extract_text() for page in pages).replace("\xa0", " ")
    assert [float(side) for side in pages[0].mediabox[2:]] == pytest.approx([595, 842], abs=2), "A4"
    for number, page in enumerate(pages, 1):
        assert f"{number} / {len(pages)}" in page.extract_text()
    for shown in ("31,359", "86.3 %", "18.6 %", "17.4 %", "1 m 10 s", "3 m 08 s", "9 m 55 s"):
        assert shown in text
    days = re.findall(r"(?:Fri|Sat|Sun|Mon|Tue|Wed|Thu) (\d+) Jan 1999 ([\d,]+)", text)
    assert sum(int(n.replace(",", "")) for _, n in days[:31]) == expected["total_calls"]
    assert made.pictures["volume"].startswith(b"\x89PNG")
    fonts = {name for page in pages for name in (page["/Resources"].get("/Font") or {})}
    assert fonts, "texts are texts"


def test_charts_are_dressed_in_both_themes(january: Report, page: Any, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(html(january), encoding="utf-8")
    errors: list[Any] = []
    page.on("pageerror", lambda error: errors.append(error))
    page.emulate_media(color_scheme="light")
    page.goto((tmp_path / "report.html").as_uri())
    page.wait_for_function("window.drawn && window.drawn.then(() => true)")
    bar = page.locator("[data-chart=volume] .bars path").first
    assert (bar.evaluate("e => e.style.fill"), errors) == ("rgb(13, 147, 132)", [])
    assert page.locator(".vh-legend button").count() >= 5
    page.locator("#theme").click()
    expect(bar).to_have_css("fill", "rgb(47, 181, 163)")


def test_a_name_is_no_formula_and_no_tag(bank: Bank) -> None:
    report = bank.report(Period.DAILY, date(1999, 1, 3), q="=1+1<script>")
    page = html(report)
    assert "=1+1<script>" not in page and escaping.escape("=1+1<script>") in page
    assert "With “=1+1<script>”" in [row["value"] for row in csv.DictReader(io.StringIO(written(report)))]
