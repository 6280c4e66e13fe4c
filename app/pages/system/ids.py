"""Component ids of the page of the system, each also a part of its refresh."""

from __future__ import annotations

KPIS = ("sy-health", "sy-available", "sy-response", "sy-requests", "sy-cpu", "sy-memory", "sy-calls", "sy-disk")
CHECKS = "sy-checks"
RESPONSE = "sy-response-chart"
LOAD = "sy-load"
ERROR_RATE = "sy-error-rate"
ENDPOINTS = "sy-endpoints"
INTAKE = "sy-intake"
STORES = "sy-stores"
ERRORS = "sy-errors"
QUERIES = "sy-queries"
TRACES = "sy-traces"
DEPLOYMENTS = "sy-deployments"
LINKS = "sy-links"
