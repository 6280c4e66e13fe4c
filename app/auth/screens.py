"""The link of a wall screen: it opens one page, on a screen where nobody signs in.

In the link is a key with scope kiosk. The browser keeps it as its cookie, and so it leaves the address; who opens the
link again, as a screen may do at each start, keeps it for as long again.
"""

from __future__ import annotations

from flask import Blueprint, Response

from app.auth import cookies
from app.auth.current import current
from app.auth.web import go, page
from app.services import services
from data.access.keys import key_of_secret

blueprint = Blueprint("screens", __name__)

#: For as long as browsers keep a cookie at most.
_KEPT_SECONDS = 400 * 86_400


@blueprint.get("/kiosk/<secret>")
def open_screen(secret: str) -> Response:
    """Make a screen of the browser, and go to the page; who is signed in stays so, and only goes there."""
    key = key_of_secret(services().record, secret)
    if key is None or key.view is None:
        return page("over", 410, screen=True)
    response, who = go(key.view), current()
    if who is None or who.view is not None:
        cookies.give(response, secret, _KEPT_SECONDS)
    return response
