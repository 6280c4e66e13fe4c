"""A report as a mail: reads well with pictures off, on a phone and as plain text; the files are attached."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import urlencode

from app.reports import cells
from app.reports.content import Report, Table
from app.reports.files import MEDIA_TYPES, Files
from app.reports.html import environment
from app.theme import LIGHT
from data.times import to_datetime

#: Files beyond this become links: mail servers refuse larger messages.
MOST_BYTES = 10_000_000
_MOST_ROWS = 10
_BARS = 31
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Letter:
    """What belongs to a mail beside the report. key: the same for the same mail; links: by the files' names."""

    schedule: str
    key: str
    address: str
    links: Mapping[str, str]


def mail(report: Report, files: Files, letter: Letter, *, most_bytes: int = MOST_BYTES) -> EmailMessage:
    """The message without sender and recipients."""
    attached, linked = _fitting(files.files, most_bytes)
    given = {
        "report": report,
        "letter": letter,
        "missing": list(files.missing),
        "linked": {name: letter.links[name] for name in linked},
        "attached": list(attached),
        "app": f"{letter.address}/?{urlencode(_query(report))}",
        "colours": LIGHT,
        "pictures": files.pictures,
        "bars": _bars(report) if not files.pictures else [],
        "rows": lambda table: table.rows[:_MOST_ROWS],
        "tables": [table for name in ("Agents", "Queues") for table in report.tables if table.name == name],
        "note": cells.moved,
    }
    made = EmailMessage(policy=SMTP)
    made["Subject"] = _CONTROL.sub(" ", f"{letter.schedule}: {report.period}")
    made["Date"] = format_datetime(to_datetime(report.made_at))
    made["Message-ID"] = f"<{hashlib.sha256(letter.key.encode()).hexdigest()[:32]}@voicehive>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(environment().get_template("mail.txt").render(given))
    made.add_alternative(environment().get_template("mail.html").render(given), subtype="html")
    page = made.get_payload()[1]  # type: ignore[index]
    assert isinstance(page, EmailMessage)
    for name, picture in files.pictures.items():
        page.add_related(
            picture, "image", "png", cid=f"<{name}@voicehive>", filename=f"{name}.png", disposition="inline"
        )
    for name, body in attached.items():
        kind, _, subtype = MEDIA_TYPES[name.rpartition(".")[2]].partition("/")
        made.add_attachment(body, maintype=kind, subtype=subtype, filename=name)
    return made


def _fitting(files: Mapping[str, bytes], most: int) -> tuple[dict[str, bytes], list[str]]:
    """The smallest first, as long as they fit; the names of the others."""
    attached: dict[str, bytes] = {}
    for name in sorted(files, key=lambda each: len(files[each])):
        if sum(map(len, attached.values())) + len(files[name]) <= most:
            attached[name] = files[name]
    return {name: files[name] for name in files if name in attached}, [name for name in files if name not in attached]


def _query(report: Report) -> list[tuple[str, str]]:
    """The overview of the same calls."""
    chosen = report.filter
    start, end = (to_datetime(at or 0, report.zone).replace(tzinfo=None) for at in (chosen.start, chosen.end))
    found = [("from", f"{start:%Y-%m-%dT%H:%M}"), ("to", f"{end:%Y-%m-%dT%H:%M}"), ("zone", report.zone)]
    for name in ("agent", "queue", "status", "direction", "source"):
        found += [(name, value) for value in getattr(chosen, name)]
    return found


def _bars(report: Report) -> Sequence[tuple[str, int, int]]:
    """Where there are no pictures: the volume as rows of day, calls, and the length of a bar in percent."""
    table: Table = report.table("Volume")
    rows = [(cells.shown(row[0], table.columns[0].unit, report), int(row[1] or 0)) for row in table.rows[:_BARS]]
    most = max((calls for _, calls in rows), default=0)
    return [(name, calls, round(100 * calls / most) if most else 0) for name, calls in rows]
