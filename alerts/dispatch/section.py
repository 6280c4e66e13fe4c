"""A part of Alertmanager's configuration file."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, model_validator

from alerts.config import Strict


class Section(Strict):
    """A part of the file; a key without anything after it is as good as left out."""

    model_config = ConfigDict(populate_by_name=False)

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, content: Any) -> Any:
        if content == "":
            return {}
        if not isinstance(content, dict):
            return content
        # An empty text may be meant: it takes the place of a default.
        texts = {field.alias or name for name, field in cls.model_fields.items() if field.annotation is str}
        return {key: value for key, value in content.items() if value != "" or key in texts}
