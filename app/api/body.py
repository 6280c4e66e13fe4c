"""The body of a request, at most so long, and what is read from it."""

from __future__ import annotations

from typing import Annotated, TypeVar

from flask import request
from pydantic import BaseModel, Field, StringConstraints, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from app.api.errors import ApiError

MOST_BYTES = 8 * 1024 * 1024

Content = TypeVar("Content", bound=BaseModel)

#: Text that every database can store.
_STORABLE = Field(pattern=r"^[^\x00]*$")
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), _STORABLE]
Comment = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000), _STORABLE]
Text = Annotated[str, StringConstraints(max_length=10_000), _STORABLE]


def read_body() -> bytes:
    """The bytes as they were sent."""
    try:
        content = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise too_large() from None
    except TimeoutError:
        raise ApiError(408, "timeout", "The body did not arrive in time.") from None
    if request.content_length is None and len(content) >= MOST_BYTES:
        raise too_large()
    return content


def too_large() -> ApiError:
    """The answer to a body that is larger than may be."""
    message = f"The body is larger than {MOST_BYTES // 1024**2} MiB; send it in smaller lists."
    return ApiError(413, "too_large", message)


def read_json(model: type[Content], *, empty: bool = False) -> Content:
    """The body as this model; an ApiError names the place and the fault. `empty`: no body says nothing."""
    content = read_body()
    try:
        return model.model_validate_json(content or b"{}" if empty else content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        code = "invalid_json" if first["type"] == "json_invalid" else "invalid_body"
        said = str(first["msg"]).removeprefix("Value error, ")
        raise ApiError(400, code, f"{place}: {said}" if place else said) from None
