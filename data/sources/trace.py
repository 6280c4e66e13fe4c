"""The trace of a call as it is told with the call: a list of stages, kept beside it as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Required

import orjson
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints, TypeAdapter, WithJsonSchema
from typing_extensions import TypedDict  # pydantic needs it below Python 3.12

from data.traces.stages import Stage, StageStatus

_MOST_STAGES = 2_000
_MOST_BYTES = 1_000_000
_CONFIG = ConfigDict(extra="allow", use_enum_values=True, coerce_numbers_to_str=True)

#: Milliseconds, at most eleven days.
_Milliseconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


class PostedStage(TypedDict, total=False):
    """A stage: when it began after the call's `started_at`, and how long it took. Other fields are its attributes."""

    __pydantic_config__ = _CONFIG  # type: ignore[misc]

    stage: Required[Annotated[Stage, BeforeValidator(_lower)]]
    start_ms: Required[_Milliseconds]
    duration_ms: Required[_Milliseconds]
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    status: Annotated[StageStatus, BeforeValidator(_lower)]
    turn: Annotated[int, Field(ge=0, le=1_000_000)]
    detail: Annotated[str, StringConstraints(max_length=2_000)]


def _as_json(stages: Sequence[PostedStage]) -> str:
    try:
        text = orjson.dumps(stages)
    except TypeError as error:  # nested too deeply, or text that is no UTF-8
        raise ValueError(str(error)) from None
    if len(text) > _MOST_BYTES:
        raise ValueError(f"larger than {_MOST_BYTES // 1_000_000} MB")
    return text.decode()


def _given(value: Any) -> Any:
    """The list, which a text cell holds as JSON; as in the call itself, null is the same as not there."""
    stages = orjson.loads(value) if isinstance(value, str) else value
    if not isinstance(stages, list):
        return stages
    return [{k: v for k, v in s.items() if v is not None} if isinstance(s, dict) else s for s in stages]


def _schema() -> dict[str, Any]:
    stage = TypeAdapter(PostedStage).json_schema()
    stage |= {"title": "Stage", "additionalProperties": True}
    stage["properties"]["stage"] = {"type": "string", "enum": [str(one) for one in Stage]}
    stage.pop("$defs", None)
    return {"type": "array", "maxItems": _MOST_STAGES, "items": stage}


#: A list of stages comes in, its JSON goes out.
Trace = Annotated[
    list[PostedStage],
    BeforeValidator(_given),
    Field(max_length=_MOST_STAGES),
    AfterValidator(_as_json),
    WithJsonSchema(_schema()),
]
