"""Sessions: who is signed in, with what, from where."""

from __future__ import annotations

from collections.abc import Sequence

from app.auth.agents import agent_name
from app.components.plain import Plain, h
from app.pages.admin.words import ago, ask, card, day, rows
from data.access.sessions import Listed


def sessions(found: Sequence[Listed], zone: str) -> list[Plain]:
    """The card of sessions, last used first."""
    end = ask("End all others", "DELETE", "/api/admin/sessions?everybody=1",
              confirm="Sign everybody out but yourself? All have to sign in again.")  # fmt: skip
    listed = [_row(session, zone) for session in found]
    return [card("Sessions", len(found), rows(listed, "sessions", "Nobody is signed in."), *([end] if found else []))]


def _row(session: Listed, zone: str) -> Plain:
    what = agent_name(session.agent) if session.kind == "browser" else f"{agent_name(session.agent)}, by token"
    return h(
        "Li",
        [
            h("Span", session.name, cls="ad-name"),
            h("Span", f"{what} · {session.address}", cls="ad-fact ad-text"),
            h("Span", ["seen ", ago(session.seen_at, zone)], cls="ad-fact"),
            h("Span", f"since {day(session.created_at, zone)}", cls="ad-fact ad-wide"),
            h("Span", ask("End", "DELETE", f"/api/admin/sessions/{session.id}",
                          confirm=f"End this session of {session.name}?"), cls="ad-buttons"),
        ],
        cls="ad-row",
        key=session.id,
        data_session=session.id,
    )  # fmt: skip
