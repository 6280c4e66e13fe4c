"""The HTTP API of Prometheus over the sample store, so that its clients (Grafana, promtool) work with no Prometheus.

Paths, parameters, answers, errors and their status codes are those of Prometheus 3.
"""

from app.api.prometheus import query, rules, series, status  # noqa: F401 - each routes its endpoints
from app.api.prometheus.envelope import blueprint

__all__ = ["blueprint"]
