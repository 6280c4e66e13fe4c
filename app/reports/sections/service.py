"""How calls ended, how soon they were answered, how good they were and what they cost."""

from __future__ import annotations

import pandas as pd

from app.figures.costs import COMPONENTS, present
from app.figures.costs import costs as costs_figure
from app.format import count, money, percent
from app.reports.content import Chart, Column, Section, Table, rows_of
from app.reports.sections.course import lines
from app.reports.sections.given import Given
from data.filters import UNKNOWN
from data.models import Status
from data.queries.outcomes import costs
from data.queries.series import end_reasons


def outcomes(given: Given) -> list[Section]:
    """By status, and by the reason why they ended."""
    frame = end_reasons(given.copy, given.chosen)
    if frame.empty:
        return []
    ended = frame[frame["status"] != Status.IN_PROGRESS]
    by_status = ended.groupby("status")["calls"].sum().sort_values(ascending=False)
    total = max(int(by_status.sum()), 1)
    statuses = Table(
        "Outcomes",
        "By outcome",
        [Column("Outcome"), Column("Calls", "calls"), Column("Share", "%")],
        [(name.replace("_", " ").capitalize(), int(n), 100 * int(n) / total) for name, n in by_status.items()],  # type: ignore[attr-defined]
    )
    named = ended.assign(**{name: ended[name].fillna(UNKNOWN) for name in ("end_reason_group", "end_reason")})
    sums = named.groupby(["end_reason_group", "end_reason"], as_index=False)["calls"].sum()
    reasons = pd.DataFrame(sums).sort_values(["calls", "end_reason"], ascending=[False, True])
    rows = [
        ("Not known" if group == UNKNOWN else group.replace("_", " "), _reason(reason), int(n), 100 * int(n) / total)
        for group, reason, n in reasons.itertuples(index=False)
    ]
    columns = [Column("Group"), Column("Reason"), Column("Calls", "calls"), Column("Share", "%")]
    table = Table("End reasons", "By end reason", columns, rows)
    most = statuses.rows[0]
    lead = f"{percent(float(most[2] or 0))} of the calls ended as {str(most[0]).lower()}."
    return [Section("outcomes", "Outcomes", [lead], (), [statuses, table])]


def _reason(text: str) -> str:
    return "Not known" if text == UNKNOWN else text


def service_level(given: Given, frame: pd.DataFrame) -> Section:
    """Of calls that joined a queue."""
    current = given.figures.current
    offered = int(current["offered"] or 0)
    if not offered:
        return Section("service", "Service level", ["No call of this period joined a queue."])
    columns = [
        Column("Day" if given.unit == "day" else "Hour", given.unit), Column("Offered", "calls"),
        Column("Service level", "%"), Column("Abandonment rate", "%"), Column("Average speed of answer", "s"),
    ]  # fmt: skip
    names = ["bucket_start", "offered", "service_level", "abandonment_rate", "asa_seconds"]
    table = Table("Service level", "Service level over time", columns, rows_of(frame, names))
    lead = (
        f"{percent(current['service_level'])} of {count(offered)} offered calls were answered within 20 s; "
        f"{percent(current['abandonment_rate'])} of the callers left before an answer."
    )
    shown = {"service_level": ("Service level", "seq-2"), "abandonment_rate": ("Abandonment rate", "abandoned")}
    chart = Chart("service-level", "Service level and abandonment", lines(given, frame, shown), lead, table.name,
                  ["Service level", "Abandonment rate"])  # fmt: skip
    waits = lines(given, frame, {"asa_seconds": ("Average speed of answer", "seq-2")})
    wait = Chart("wait", "Average speed of answer", waits, lead, table.name, ["Average speed of answer"])
    return Section("service", "Service level", [lead], [chart, wait], [table])


def quality(given: Given, frame: pd.DataFrame) -> Section:
    """Ratings and response latency, each where it is known."""
    current, coverage = given.figures.current, given.figures.coverage
    lead, charts, columns, names = [], [], [], []
    if current["csat"] is not None:
        lead.append(f"Callers gave {current['csat']:.2f} of 5 on average ({percent(coverage['csat'])} of calls rated).")
        columns += [Column("Satisfaction", "of 5"), Column("Rated calls", "calls")]
        names += ["csat", "rated"]
        figure = lines(given, frame, {"csat": ("Satisfaction", "seq-2")})
        charts.append(Chart("csat", "Satisfaction", figure, lead[-1], "Quality", ["Satisfaction"]))
    if current["avg_latency_ms"] is not None:
        lead.append(
            f"Agents answered within {current['avg_latency_ms']:,.0f} ms on average, one call in twenty took longer "
            f"than {current['p95_latency_ms']:,.0f} ms (known for {percent(coverage['latency'])} of calls)."
        )
        columns += [Column("Average latency", "ms"), Column("p95 latency", "ms")]
        names += ["avg_latency_ms", "p95_latency_ms"]
        both = {"avg_latency_ms": ("Average", "seq-2"), "p95_latency_ms": ("p95", "seq-3")}
        titles = ["Average latency", "p95 latency"]
        charts.append(Chart("latency", "Response latency", lines(given, frame, both), lead[-1], "Quality", titles))
    if not names:
        return Section("quality", "Quality", ["No call of this period carries a rating or a latency."])
    first = Column("Day" if given.unit == "day" else "Hour", given.unit)
    table = Table("Quality", "Quality over time", [first, *columns], rows_of(frame, ["bucket_start", *names]))
    return Section("quality", "Quality", lead, charts, [table])


def cost(given: Given) -> Section:
    """By component, in the one currency of the calls."""
    found = costs(given.copy, given.chosen)
    if found is None or not found.calls:
        several = (given.figures.coverage["cost"] or 0) > 0
        return Section("cost", "Cost", [
            "The calls were paid in several currencies; filter by source to see costs." if several
            else "No call of this period carries a cost."
        ])  # fmt: skip
    lead = (
        f"{money(found.total, found.currency)} for {count(found.calls)} calls whose cost is known: "
        f"{money(found.total / found.calls, found.currency)} a call."
    )
    shown = present(found)
    rows = [(COMPONENTS[n][0], found.parts[n], 100 * found.parts[n] / found.total if found.total else None)
            for n in shown]  # fmt: skip
    parts = Table("Cost", "By component", [Column("Component"), Column("Cost", "money"), Column("Share", "%")], rows)
    over_time = [Column("From", "day" if found.step >= given.step else given.unit)]
    over_time += [Column(COMPONENTS[name][0], "money") for name in shown]
    course = Table("Cost over time", "Cost over time", over_time, rows_of(found.course, ["bucket_start", *shown]))
    figure = costs_figure(found, given.chosen, as_of=given.now)
    figure["layout"].pop("meta", None)
    chart = Chart("cost", "Cost", figure, lead, course.name, [COMPONENTS[name][0] for name in shown], "bar")
    return Section("cost", "Cost", [lead], [chart], [parts, course])
