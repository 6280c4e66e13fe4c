"""Saved views, and the one that `/` leads to."""

from __future__ import annotations

import orjson
from flask import Blueprint, Response, redirect, request

from app.api.body import read_body
from app.api.describe import INTEGER, TEXT, Parameter, endpoint, json_answer, listing, obj
from app.api.errors import ApiError
from app.auth.current import audit, current
from app.auth.identity import LOCAL
from app.auth.permissions import Need
from app.services import services
from data.record import RecordUnavailable
from data.views import BadView, View, delete_view, home_of, owner_of, read_view, save_view, set_home, views_of

blueprint = Blueprint("views", __name__)

_VIEWS = listing(
    obj(id=INTEGER, name=TEXT, path=TEXT, query=TEXT, shared={"type": "boolean"}, home={"type": "boolean"})
)
_ID = Parameter("view", "Its id.", INTEGER, where="path")


@endpoint(blueprint, "GET", "/api/views", "Saved views: everybody's and one's own", answer=_VIEWS, errors=(503,))
def get_views() -> Response:
    return _listed()


@endpoint(
    blueprint,
    "POST",
    "/api/views",
    "Save a page with its filter under a name; the same name again replaces it",
    body=View.model_json_schema(),
    answer=_VIEWS,
    status=201,
    errors=(400, 403, 413, 503, 507),
)
def post_view() -> Response:
    try:
        view = read_view(orjson.loads(read_body()))
        owner = None if view.shared else _owner()
        _demand_for(owner)
        save_view(services().record, view, owner)
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "invalid_json", f"The body is not JSON: {error}") from None
    except BadView as error:
        raise ApiError(400, "invalid_view", str(error)) from None
    return _listed(201)


@endpoint(
    blueprint, "DELETE", "/api/views/<int:view>", "Forget a view", parameters=[_ID], answer=_VIEWS,
    errors=(403, 404, 503),
)  # fmt: skip
def forget_view(view: int) -> Response:
    owner = _owned(view)
    delete_view(services().record, view)
    audit("view deleted", str(view), before={"owner": owner or "everybody"})
    return _listed()


@endpoint(
    blueprint, "PUT", "/api/views/<int:view>/home", "Let `/` lead to this view", parameters=[_ID], answer=_VIEWS,
    errors=(403, 404, 503),
)  # fmt: skip
def put_home(view: int) -> Response:
    set_home(services().record, view, _owned(view), home=True)
    return _listed()


@endpoint(
    blueprint, "DELETE", "/api/views/<int:view>/home", "Let `/` be the overview again", parameters=[_ID],
    answer=_VIEWS, errors=(403, 404, 503),
)  # fmt: skip
def delete_home(view: int) -> Response:
    set_home(services().record, view, _owned(view), home=False)
    return _listed()


@blueprint.before_app_request
def lead_home() -> Response | None:
    """Who opens `/` as such comes to the home view; every link within the app says more than that."""
    opened = request.path == "/" and request.method == "GET" and not request.query_string
    if not opened or current() is None:
        return None
    try:
        home = home_of(services().record, _owner())
    except RecordUnavailable:
        return None
    return None if home in (None, "/") else redirect(home)  # type: ignore[return-value]


def _owner() -> str | None:
    """Whose views those of the one who asks are; None where nobody has to sign in: then they are everybody's."""
    who = current()
    return None if who is None or who is LOCAL else who.name


def _demand_for(owner: str | None) -> None:
    who = current()
    if owner is None and (who is None or not who.may(Need.OPERATE)):
        raise ApiError(403, "forbidden", "Views of everybody are an operator's to change.")


def _owned(view: int) -> str | None:
    """The owner of a view that the one who asks may change."""
    found = owner_of(services().record, view, _owner())
    if found is None:
        raise ApiError(404, "not_found", f"There is no view {view}.")
    _demand_for(found[0])
    return found[0]


def _listed(status: int = 200) -> Response:
    return json_answer(views_of(services().record, _owner()), status)
