"""What each route, page and callback asks of whoever uses it. What is not listed here is refused to everybody.

A new endpoint, page or callback is one line in one of the three tables; the program does not start without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from data.access.roles import Role, Scope


class Need(StrEnum):
    """What one has to be allowed."""

    OPEN = "open"  # nothing: no sign-in
    LOOK = "look"  # look at pages of figures, as a wall screen does
    READ = "read"  # look at calls, figures, alerts; export them
    OPERATE = "operate"  # acknowledge, silence, send tests, run reports
    INGEST = "ingest"  # send calls, traces, deployments, alerts
    SCRAPE = "scrape"  # read the exporter's page
    ADMIN = "admin"  # users, keys, settings, retention, audit log
    OF_PAGE = "of_page"  # what PAGES says of the page that is asked for
    OF_CALLBACK = "of_callback"  # what CALLBACKS says of all that the callback changes


_SCREEN = frozenset({Need.LOOK})
_VIEWER = _SCREEN | {Need.READ}
_OPERATOR = _VIEWER | {Need.OPERATE}
_ALL = _OPERATOR | {Need.INGEST, Need.SCRAPE, Need.ADMIN}

OF_ROLE: Mapping[Role, frozenset[Need]] = {Role.VIEWER: _VIEWER, Role.OPERATOR: _OPERATOR, Role.ADMIN: _ALL}
OF_SCOPE: Mapping[Scope, frozenset[Need]] = {
    Scope.INGEST: frozenset({Need.INGEST}),
    Scope.READ: _VIEWER,
    Scope.OPERATE: _OPERATOR,
    Scope.SCRAPE: frozenset({Need.SCRAPE}),
    Scope.ADMIN: _ALL,
    Scope.KIOSK: _SCREEN,
}

#: Method and rule -> need. HEAD goes with GET; OPTIONS only tells the methods.
ROUTES: Mapping[str, Need] = {
    # What everybody may see
    "GET /healthz": Need.OPEN,
    "GET /readyz": Need.OPEN,
    "GET /assets/<path:filename>": Need.OPEN,
    "GET /_dash-component-suites/<string:package_name>/<path:fingerprinted_path>": Need.OPEN,
    "GET /_favicon.ico": Need.OPEN,
    "GET /api": Need.OPEN,
    "GET /api/<path:rest>": Need.OPEN,
    # Signing in and out
    "GET /login": Need.OPEN,
    "POST /login": Need.OPEN,
    "GET /login/oidc": Need.OPEN,
    "GET /login/oidc/back": Need.OPEN,
    "POST /logout": Need.OPEN,
    "GET /setup/<secret>": Need.OPEN,
    "POST /setup/<secret>": Need.OPEN,
    "GET /kiosk/<secret>": Need.OPEN,
    "GET /password/<secret>": Need.OPEN,
    "POST /password/<secret>": Need.OPEN,
    "GET /account": Need.READ,
    "POST /account/password": Need.READ,
    "POST /account/sign-out-everywhere": Need.READ,
    "POST /api/auth/token": Need.OPEN,
    "POST /api/auth/refresh": Need.OPEN,
    "POST /api/auth/revoke": Need.OPEN,
    # Pages and what they are made of
    "GET /": Need.OF_PAGE,
    "GET /<path:path>": Need.OF_PAGE,
    "GET /_live/<page>": Need.OF_PAGE,
    "GET /_rows/calls": Need.READ,
    "GET /_dash-layout": Need.LOOK,
    "GET /_dash-dependencies": Need.LOOK,
    "GET /_reload-hash": Need.READ,
    "POST /_dash-update-component": Need.OF_CALLBACK,
    # Calls
    "POST /api/calls": Need.INGEST,
    "GET /api/calls": Need.READ,
    "GET /api/calls/<call_key:source>/<call_key:call_id>": Need.READ,
    "POST /api/calls/<call_key:source>/<call_key:call_id>/notes": Need.OPERATE,
    "DELETE /api/calls/<call_key:source>/<call_key:call_id>/notes/<int:note>": Need.OPERATE,
    "GET /api/export/calls.<kind>": Need.READ,
    "POST /v1/traces": Need.INGEST,
    # Signed by the platform where its secret is set; else app/intake.py asks for INGEST.
    "POST /api/ingest/<platform>": Need.OPEN,
    # Bodies as they came hold callers' numbers.
    "GET /api/ingest/quarantine": Need.ADMIN,
    "POST /api/ingest/quarantine/<int:message>/replay": Need.ADMIN,
    # Figures
    "GET /api/kpis": Need.READ,
    "GET /api/agents": Need.READ,
    "GET /api/series": Need.READ,
    "GET /api/values": Need.READ,
    # Saved views: whose they are is asked of each
    "GET /api/views": Need.READ,
    "POST /api/views": Need.READ,
    "DELETE /api/views/<int:view>": Need.READ,
    "PUT /api/views/<int:view>/home": Need.READ,
    "DELETE /api/views/<int:view>/home": Need.READ,
    # Wall screens
    "GET /api/screens": Need.OPERATE,
    "POST /api/screens": Need.OPERATE,
    "DELETE /api/screens/<int:screen>": Need.OPERATE,
    # Live figures and the system
    "GET /api/dashboard/metrics": Need.READ,
    "GET /api/dashboard/health": Need.READ,
    "GET /api/dashboard/call-volume": Need.READ,
    "GET /api/dashboard/recent-activity": Need.READ,
    "GET /api/dashboard/ws/real-time": Need.READ,
    "GET /api/system": Need.READ,
    "GET /api/openapi.json": Need.READ,
    # Deployments
    "POST /api/deployments": Need.INGEST,
    "GET /api/deployments": Need.READ,
    # Alerts
    "GET /api/alerts": Need.READ,
    "GET /api/alerts/<fingerprint>": Need.READ,
    "GET /api/alerts/history": Need.READ,
    "POST /api/alerts/<fingerprint>/ack": Need.OPERATE,
    "DELETE /api/alerts/<fingerprint>/ack": Need.OPERATE,
    "POST /api/alerts/webhook": Need.INGEST,
    "GET /api/alerts/receivers": Need.READ,
    "POST /api/alerts/receivers/test": Need.OPERATE,
    "GET /api/alerts/deliveries": Need.READ,
    "GET /api/silences": Need.READ,
    "POST /api/silences": Need.OPERATE,
    "DELETE /api/silences": Need.OPERATE,
    "GET /api/silences/preview": Need.READ,
    "DELETE /api/silences/<id>": Need.OPERATE,
    "POST /api/rules/reload": Need.ADMIN,
    "POST /api/rules/backtest": Need.OPERATE,
    "DELETE /api/rules/backtest": Need.OPERATE,
    # Administration
    "GET /api/admin/users": Need.ADMIN,
    "POST /api/admin/users": Need.ADMIN,
    "PATCH /api/admin/users/<name>": Need.ADMIN,
    "POST /api/admin/users/<name>/link": Need.ADMIN,
    "GET /api/admin/keys": Need.ADMIN,
    "POST /api/admin/keys": Need.ADMIN,
    "DELETE /api/admin/keys/<int:key>": Need.ADMIN,
    "GET /api/admin/sessions": Need.ADMIN,
    "DELETE /api/admin/sessions": Need.ADMIN,
    "DELETE /api/admin/sessions/<session>": Need.ADMIN,
    "GET /api/admin/audit": Need.ADMIN,
    "GET /api/admin/audit.csv": Need.ADMIN,
    "GET /api/admin/settings": Need.ADMIN,
    "GET /api/admin/retention": Need.ADMIN,
    "POST /api/admin/retention": Need.ADMIN,
    "POST /api/admin/forget": Need.ADMIN,
    # Reports
    "GET /api/reports/schedules": Need.READ,
    "POST /api/reports/schedules": Need.OPERATE,
    "PUT /api/reports/schedules/<int:id>": Need.OPERATE,
    "DELETE /api/reports/schedules/<int:id>": Need.OPERATE,
    "POST /api/reports/schedules/<int:id>/run": Need.OPERATE,
    "GET /api/reports/runs": Need.READ,
    "GET /api/reports/runs/<int:run>/<name>": Need.READ,
    "GET /api/reports/files/<token>": Need.OPEN,  # signed
    "GET /api/reports/report.<form>": Need.READ,
    # As Alertmanager
    "GET /api/v2/status": Need.READ,
    "GET /api/v2/receivers": Need.READ,
    "GET /api/v2/alerts": Need.READ,
    "GET /api/v2/alerts/groups": Need.READ,
    "POST /api/v2/alerts": Need.INGEST,
    "GET /api/v2/silences": Need.READ,
    "POST /api/v2/silences": Need.OPERATE,
    "GET /api/v2/silence/<silence_id>": Need.READ,
    "DELETE /api/v2/silence/<silence_id>": Need.OPERATE,
    # As Prometheus
    "GET /api/v1/query": Need.READ,
    "POST /api/v1/query": Need.READ,
    "GET /api/v1/query_range": Need.READ,
    "POST /api/v1/query_range": Need.READ,
    "GET /api/v1/series": Need.READ,
    "POST /api/v1/series": Need.READ,
    "GET /api/v1/labels": Need.READ,
    "POST /api/v1/labels": Need.READ,
    "GET /api/v1/label/<name>/values": Need.READ,
    "GET /api/v1/query_exemplars": Need.READ,
    "POST /api/v1/query_exemplars": Need.READ,
    "GET /api/v1/metadata": Need.READ,
    "GET /api/v1/rules": Need.READ,
    "GET /api/v1/alerts": Need.READ,
    "GET /api/v1/status/buildinfo": Need.READ,
}

#: Name of a page (app/pages/table.py) -> need.
PAGES: Mapping[str, Need] = {
    "shell": Need.READ,  # the frame of all, which refreshes its bell
    "overview": Need.LOOK,
    "calls": Need.READ,
    "call": Need.READ,
    "trends": Need.LOOK,
    "agents": Need.LOOK,
    "quality": Need.LOOK,
    "service-level": Need.LOOK,
    "outcomes": Need.LOOK,
    "system": Need.LOOK,
    "alerts": Need.LOOK,
    "reports": Need.READ,
    "admin": Need.ADMIN,
}

#: Component whose property a callback changes (or that sets it off, if it changes none) -> need. Of components that
#: share a pattern, their `type`.
CALLBACKS: Mapping[str, Need] = {
    "vh-page": Need.LOOK,
}


def granted(scopes: Iterable[Scope]) -> frozenset[Need]:
    """What a key with these scopes may."""
    return frozenset().union(*(OF_SCOPE[scope] for scope in scopes))
