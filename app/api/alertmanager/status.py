"""What answers here, and who can be told: /api/v2/status and /api/v2/receivers."""

from __future__ import annotations

from flask import Response

from alerts.dispatch.written import written_config
from app import __version__
from app.api.alertmanager.envelope import answer, blueprint, moment
from app.api.describe import INSTANT, TEXT, endpoint, listing, obj
from app.services import services

#: The version of Alertmanager whose API this is: clients compare it with their own.
_SPOKEN = "0.27.0"
_VERSION = dict.fromkeys(("branch", "buildDate", "buildUser", "goVersion"), "") | {
    "revision": f"voicehive-{__version__}",
    "version": _SPOKEN,
}


@endpoint(
    blueprint,
    "GET",
    "/api/v2/status",
    "The configuration without its secrets, and the version of Alertmanager whose API this is",
    answer=obj(
        cluster=obj(status=TEXT, peers=listing({"type": "object"})),
        config=obj(original=TEXT, error=TEXT | {"description": "why the file as it is now is not in force"}),
        uptime=INSTANT,
        versionInfo=obj(**dict.fromkeys(_VERSION, TEXT)),
    ),
)
def get_status() -> Response:
    return answer(
        {
            "cluster": {"peers": [], "status": "disabled"},
            "config": {"original": written_config(services().board.config), "error": services().notifier.config_error},
            "uptime": moment(int(services().system.started * 1000)),
            "versionInfo": _VERSION,
        }
    )


@endpoint(blueprint, "GET", "/api/v2/receivers", "Who can be told", answer=listing(obj(name=TEXT)))
def get_receivers() -> Response:
    return answer([{"name": each.name} for each in services().board.config.receivers])
