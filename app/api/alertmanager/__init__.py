"""The HTTP API of Alertmanager (v2), so that its clients (amtool, Prometheus, Grafana) work with no Alertmanager.

Paths, parameters, answers, errors and their status codes are those of Alertmanager.
"""

from app.api.alertmanager import alerts, silences, status  # noqa: F401 - each routes its endpoints
from app.api.alertmanager.envelope import blueprint

__all__ = ["blueprint"]
