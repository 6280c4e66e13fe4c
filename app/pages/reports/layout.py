"""Where everything stands on the page of reports."""

from __future__ import annotations

from typing import Any

import dash_bootstrap_components as dbc

from app.auth.current import current
from app.auth.permissions import Need
from app.components.filterbar import filter_bar
from app.components.guard import Parts
from app.components.plain import Plain, h
from app.pages.reports import ids
from app.reports.delivery import CHANNELS
from app.reports.periods import AT_SEVEN, Period
from app.services import services

_PERIODS = {Period.DAILY: "Day", Period.WEEKLY: "Week", Period.MONTHLY: "Month"}
_FORMS = {"html": "Open", "pdf": "PDF", "xlsx": "Excel", "csv": "CSV"}


def layout(parts: Parts, live: Any) -> Plain:
    """The page with its first values; without values it shows skeletons until the first answer."""
    who = current()
    return h(
        "Div",
        [
            h("H1", "Reports", cls="visually-hidden"),
            filter_bar(parts, live),
            h("Div", [_at_once(), _schedules(parts), _ledger(parts)], cls="al-body rp-body"),
            _dialog(),
        ],
        # The parts are the same for everybody: the style sheet leaves out what one may not do.
        data_may="operate" if who is not None and who.may(Need.OPERATE) else "",
        cls="rp-page",
    )


def _card(title: str, body: list[Any], beside: Plain | None = None) -> Plain:
    extra = [h("Div", beside, cls="vh-card-extra")] if beside else []
    head = h("Header", [h("H2", title, cls="vh-card-title"), *extra], cls="vh-card-head")
    return h("Section", [head, *body], cls="vh-card", aria_label=title)


def _at_once() -> Plain:
    choices = [h("Option", text, value=value) for value, text in _PERIODS.items()]
    period = h("Select", choices, id="rp-now-period", cls="form-control", defaultValue="weekly")
    day = dbc.Input(id="rp-now-date", type="date", size="sm")
    buttons = [
        h("Button", text, type="button", cls=f"vh-button{' vh-primary' if form == 'html' else ''}", data_make=form)
        for form, text in _FORMS.items()
    ]
    fields = [
        h("Label", ["Period", period], cls="vh-field", htmlFor="rp-now-period"),
        h("Label", ["A day of it", day], cls="vh-field", htmlFor="rp-now-date"),
        h("Div", buttons, cls="rp-buttons"),
    ]
    note = h(
        "P", "Without a day: the last period that is over. The calls are those of the filter above.", cls="vh-note"
    )
    return _card("Report at once", [h("Div", fields, cls="rp-now"), note])


def _schedules(parts: Parts) -> Plain:
    button = h("Button", "New schedule", type="button", cls="vh-button", data_report="new")
    return _card("Schedules", [h("Div", id=ids.SCHEDULES, cls="vh-fill", **parts.get(ids.SCHEDULES, {}))], button)


def _ledger(parts: Parts) -> Plain:
    return _card("Ledger", [h("Div", id=ids.LEDGER, cls="vh-fill", **parts.get(ids.LEDGER, {}))])


def _dialog() -> Plain:
    ways = services().reports.ways
    zone = services().settings.timezone
    periods = [h("Option", text, value=value, data_cron=AT_SEVEN[value]) for value, text in _PERIODS.items()]
    forms = [_check("rp-form", form, "HTML" if form == "html" else text) for form, text in _FORMS.items()]
    channels = [
        _check("rp-channel", name, name.capitalize() + (f" (set {setting})" if ways.missing(name) else ""),
               disabled=bool(ways.missing(name)))
        for name, setting in CHANNELS.items()
    ]  # fmt: skip
    mail = "Mail to, one address a line" + (" (set SMTP_URL first)" if ways.missing("mail") else "")
    body = [
        _field("Name", dbc.Input(id="rp-name", size="sm", maxLength=200, placeholder="Weekly report"), "rp-name"),
        h("Div", [
            _field("Period", h("Select", periods, id="rp-period", cls="form-control"), "rp-period"),
            _field("Zone", dbc.Input(id="rp-zone", size="sm", list="vh-zones", placeholder=zone), "rp-zone"),
        ], cls="rp-pair"),
        _field("When: minute, hour, day, month, weekday; empty: 07:00 after the period",
               dbc.Input(id="rp-cron", size="sm", maxLength=100, placeholder="0 7 * * 1"), "rp-cron"),
        _field("Only calls with", dbc.Input(id="rp-filter", size="sm", placeholder="agent=roxy&queue=billing"),
               "rp-filter"),
        h("Fieldset", [h("Legend", "As", cls="vh-field"), *forms], cls="rp-checks"),
        _field(mail, h("Textarea", id="rp-recipients", rows=3, cls="form-control", spellCheck=False,
                       disabled=bool(ways.missing("mail")), placeholder="ann@example.org"), "rp-recipients"),
        h("Fieldset", [h("Legend", "Further to", cls="vh-field"), *channels], cls="rp-checks"),
    ]  # fmt: skip
    buttons = [
        h("Button", "Preview", type="button", cls="vh-button", data_report="preview"),
        h("Button", "Cancel", type="button", cls="vh-button", data_report="close"),
        h("Button", "Save", type="submit", cls="vh-button vh-primary"),
    ]
    form = h(
        "Form",
        [
            h("H2", "Schedule a report", cls="al-title", id="rp-title"),
            *body,
            h("P", id="rp-problem", cls="vh-field-error", role="alert"),
            h("Div", buttons, cls="al-actions al-end"),
        ],
        id="rp-plan",
    )
    return h("Dialog", form, id="rp-dialog", cls="al-dialog", aria_labelledby="rp-title")


def _field(label: str, field: Any, name: str) -> Plain:
    return h("Label", [label, field], cls="vh-field", htmlFor=name)


def _check(group: str, value: str, text: str, *, disabled: bool = False) -> Plain:
    """A button that is pressed or not."""
    return h("Button", text, type="button", cls="vh-button", aria_pressed="false", data_check=group, data_value=value,
             disabled=disabled)  # fmt: skip
