"""A real call centre's January as a report, made once for all tests of a process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.reports.compose import Asked, compose
from app.reports.content import Report
from app.reports.periods import Period
from data.analytics import AnalyticCopy
from data.filters import CallFilter
from data.importer import Source, import_file
from data.record import Record
from data.times import now_micros
from tests.data.support import empty_record

ZONE = "Asia/Jerusalem"


@dataclass(frozen=True)
class Bank:
    """The bank's record with its copy."""

    record: Record
    copy: AnalyticCopy

    def report(self, period: Period, day: date, **conditions: Any) -> Report:
        asked = Asked(period, CallFilter(zone=ZONE, **conditions), day)
        return compose(self.copy, self.record, asked, now=now_micros())


@pytest.fixture(scope="session")
def bank(tmp_path_factory: pytest.TempPathFactory, datasets: Path) -> Iterator[Bank]:
    folder = tmp_path_factory.mktemp("bank")
    record = empty_record(folder / "bank.db")
    path = datasets / "anonymous_bank_1999" / "calls_1999_01.cdr.csv.gz"
    import_file(record, path, Source(b"k" * 32, zone=ZONE), file_format="csv", rejects=folder / "rejects.csv")
    copy = AnalyticCopy(record, None)
    yield Bank(record, copy)
    copy.close()
    record.close()


@pytest.fixture(scope="session")
def january(bank: Bank) -> Report:
    return bank.report(Period.MONTHLY, date(1999, 1, 15))


@pytest.fixture(scope="session")
def expected(datasets: Path) -> Any:
    return json.loads((datasets / "anonymous_bank_1999" / "expected_january.json").read_text())
