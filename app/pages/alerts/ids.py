"""Component ids of the page of alerts, and its views."""

from __future__ import annotations

TABS = "al-tabs"
BODY = "al-body"
DETAIL = "al-detail"
FACTS = "al-facts"
CHART = "al-chart"
#: Around the chart, which is in the layout all the time: a chart that comes and goes would be drawn anew.
CHART_BOX = "al-chart-box"

VIEWS = ("current", "history", "silences", "rules", "backtest", "deliveries")
