"""A report in the forms in which it is kept and sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.reports.content import Report
from app.reports.csv import csv
from app.reports.html import html
from app.reports.paper import NoBrowser, printed
from data.times import to_datetime


class Form(StrEnum):
    """The forms, by the ending of their files."""

    HTML = "html"
    PDF = "pdf"
    XLSX = "xlsx"
    CSV = "csv"


MEDIA_TYPES: Mapping[str, str] = {
    Form.HTML: "text/html",
    Form.PDF: "application/pdf",
    Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Form.CSV: "text/csv",
}


@dataclass(frozen=True, slots=True)
class Files:
    """The files by name, pictures of the charts by the charts' names, and what is missing, in sentences."""

    files: Mapping[str, bytes]
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    missing: Collection[str] = ()


def made(report: Report, forms: Collection[Form], *, pictures: bool = False) -> Files:
    """The report in these forms; where there is no browser to print it, HTML takes the place of PDF."""
    found: dict[Form, bytes] = {}
    missing: list[str] = []
    drawn: Mapping[str, bytes] = {}
    wanted = set(forms)
    if Form.PDF in wanted or pictures:
        names = [chart.name for chart in report.charts if chart.figure["data"]] if pictures else []
        try:
            done = printed(html(report, offered=False), pdf=Form.PDF in wanted, pictures=names)
            drawn = done.pictures
            if Form.PDF in wanted:
                found[Form.PDF] = done.pdf
        except NoBrowser as error:
            if Form.PDF in wanted:
                missing.append(f"The PDF is missing, the HTML file has the same: {error}.")
                wanted |= {Form.HTML}
            else:
                missing.append(f"The charts are in the attached files only: {error}.")
    if Form.HTML in wanted:
        found[Form.HTML] = html(report).encode()
    if Form.XLSX in wanted:
        from app.reports.xlsx import xlsx  # here: it takes 2 MB

        found[Form.XLSX] = xlsx(report)
    if Form.CSV in wanted:
        # The mark tells Excel that it is UTF-8.
        found[Form.CSV] = csv(report).encode("utf-8-sig")
    return Files({file_name(report, form): found[form] for form in Form if form in found}, drawn, missing)


def file_name(report: Report, form: Form) -> str:
    """monthly-call-report-1999-01-01.pdf: named after its first day."""

    day = to_datetime(report.filter.start or 0, report.zone)
    return f"{report.title.lower().replace(' ', '-')}-{day:%Y-%m-%d}.{form}"
