"""Who is signed in, and how that ends."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.api.describe import INSTANT, INTEGER, TEXT, Parameter, endpoint, json_answer, listing, obj
from app.api.errors import ApiError
from app.auth.agents import agent_name
from app.auth.current import audit, current
from app.services import services
from data.access.users import find_user, sign_out
from data.times import to_iso

blueprint = Blueprint("admin_sessions", __name__)

_SESSION = obj(
    id=TEXT,
    user=TEXT,
    kind={"enum": ["browser", "program"]},
    agent=TEXT,
    address=TEXT,
    created_at=INSTANT,
    seen_at=INSTANT,
    own={"type": "boolean"},
)


@endpoint(
    blueprint, "GET", "/api/admin/sessions", "Sessions, last used first", answer=listing(_SESSION), errors=(503,)
)  # fmt: skip
def get_sessions() -> Response:
    who = current()
    return json_answer(
        [
            {
                "id": each.id,
                "user": each.name,
                "kind": each.kind,
                "agent": agent_name(each.agent),
                "address": each.address,
                "created_at": to_iso(each.created_at),
                "seen_at": to_iso(each.seen_at),
                "own": who is not None and each.id == who.session_id,
            }
            for each in services().sessions.listed()
        ]
    )


@endpoint(
    blueprint, "DELETE", "/api/admin/sessions/<session>", "End a session",
    parameters=[Parameter("session", "Its id.", where="path")], answer=obj(ended=INTEGER), errors=(404, 503, 507),
)  # fmt: skip
def delete_session(session: str) -> Response:
    sessions = services().sessions
    found = next((each for each in sessions.listed() if each.id == session), None)
    if found is None or not sessions.close(session):
        raise ApiError(404, "not_found", "There is no such session.")
    return _ended(found.name, 1)


@endpoint(
    blueprint, "DELETE", "/api/admin/sessions", "End all sessions of a user, or of everybody but oneself",
    parameters=[Parameter("user", "A user's name."), Parameter("everybody", "1: of all.", {"enum": ["1"]})],
    answer=obj(ended=INTEGER), errors=(400, 404, 503, 507),
)  # fmt: skip
def delete_sessions() -> Response:
    name, record, sessions, who = request.args.get("user"), services().record, services().sessions, current()
    if name is not None:
        found = find_user(record, name)
        if found is None:
            raise ApiError(404, "not_found", f"There is no user {name[:100]!r}.")
        count = len(sessions.listed(found[0].id))
        sign_out(record, found[0].id)
        return _ended(found[0].name, count)
    if request.args.get("everybody") != "1":
        raise ApiError(400, "bad_parameter", "user: say whose sessions are to end, or everybody=1")
    return _ended("everybody", sessions.close_others(who.session_id if who else None))


def _ended(whose: str, count: int) -> Response:
    services().access.forget()
    audit("sessions ended", whose, before={"sessions": count})
    return json_answer({"ended": count})
