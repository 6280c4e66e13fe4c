"""Files in the formats of Prometheus and Alertmanager: read strictly, every fault with its file and line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, PrivateAttr, ValidationError
from pydantic_core import PydanticCustomError

_UNITS = {"y": 31_536_000_000, "w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_DURATION = re.compile("".join(rf"(?:(?P<{unit}>[0-9]+){unit})?" for unit in _UNITS))
_LONGEST_MS = 100 * _UNITS["y"]
_LARGEST_FILE = 4 << 20
_DEEPEST = 50
_MOST_VALUES = 500_000
_LONGEST_SAID = 300
_MAPPING = "must be a mapping, such as {name: value}"
#: Faults of form -> what is said of them.
_SHAPES = {"model_type": _MAPPING, "dict_type": _MAPPING, "list_type": "must be a list, such as [one, two]"}

Content = TypeVar("Content", bound="Strict")


class ConfigError(ValueError):
    """A file that can't be used: one line a fault, each with file and line."""


class Strict(BaseModel):
    """A part of a file; a field that is not known is a fault, never skipped."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    _place: str = PrivateAttr("no file")

    @property
    def place(self) -> str:
        """The file and the line at which it begins."""
        return self._place


def fault(message: str, *place: str | int) -> PydanticCustomError:
    """What a validator raises about a part of what it validates: keys and indices lead to the part."""
    return PydanticCustomError("fault", "{message}", {"message": message, "place": place})


def milliseconds(text: str) -> int:
    """A duration as Prometheus writes it, such as 1h30m; raises ValueError."""
    found = _DURATION.fullmatch(text) if text and text != "0" else None
    if found is None and text != "0":
        raise ValueError(f"not a valid duration: {text[:40]!r} (write it like 30s, 5m or 1h30m)")
    total = sum(int(found[unit]) * size for unit, size in _UNITS.items() if found[unit]) if found else 0
    if total > _LONGEST_MS:
        raise ValueError(f"the duration {text[:40]} is too long")
    return total


def written_duration(millis: int) -> str:
    """A duration as Prometheus writes it: 1h30m; 0s for none."""
    parts, rest = [], millis
    for unit in ("d", "h", "m", "s", "ms"):
        count, rest = divmod(rest, _UNITS[unit])
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"


def _duration(value: Any) -> Any:
    return milliseconds(value) if isinstance(value, str) else value


#: Milliseconds, written as a duration.
Duration = Annotated[int, BeforeValidator(_duration)]


def _strings(value: Any) -> Any:
    # A key without anything after it.
    return {} if value == "" else value


#: Label or annotation names and their texts.
Texts = Annotated[dict[str, str], BeforeValidator(_strings)]


def read(path: Path, model: type[Content]) -> Content:
    """The content of a file; raises ConfigError with all faults that it has."""
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise ConfigError(f"{path}: larger than {_LARGEST_FILE >> 20} MiB")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: can't be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: is not UTF-8 text") from None
    return parse(text, model, str(path))


def parse(text: str, model: type[Content], name: str) -> Content:
    """The same from a text; `name` stands for the file in faults."""
    try:
        tree = _tree(text)
        content = None if tree is None else yaml.BaseLoader("").construct_document(tree)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{name}:{line}: {error.problem}") from None
    except RecursionError:
        raise ConfigError(f"{name}:{_too_deep(text)}: nested too deeply") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError(f"{name}:{line}: the character #x{error.character:04x} can't stand here") from None
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"{name}: {error}".splitlines()[0]) from None
    _check_size(tree, name)
    faults = [f"{name}:{line}: the key {key!r} stands here twice" for key, line in _twice(tree)]
    try:
        parsed = model.model_validate({} if content in (None, "") else content)
    except ValidationError as error:
        for each in error.errors(include_url=False, include_input=False):
            each["loc"] += each.get("ctx", {}).get("place", ())
            faults.append(f"{name}:{_line(tree, each['loc'])}: {_said(each)}")
    if faults:
        raise ConfigError("\n".join(faults))
    _place(parsed, tree, name)
    return parsed


def _tree(text: str) -> yaml.Node | None:
    """All scalars as text, as the real servers take them: `slo: 1` is the label value "1"."""
    try:
        return yaml.compose(text, Loader=yaml.CBaseLoader)
    except (yaml.YAMLError, ValueError):
        # Fifteen times as slow, but it says better what is wrong.
        return yaml.compose(text, Loader=yaml.BaseLoader)


def _place(part: Any, node: Any, name: str) -> None:
    """Tell every part of a file where it stands."""
    if isinstance(part, Strict) and isinstance(node, yaml.MappingNode):
        part._place = f"{name}:{node.start_mark.line + 1}"
        below = {key.value: value for key, value in node.value}
        for field, info in type(part).model_fields.items():
            _place(getattr(part, field), below.get(info.alias or field), name)
    elif isinstance(part, list | tuple) and isinstance(node, yaml.SequenceNode):
        # Of what is no part of its own, such as weekdays, a validator may have made more.
        for each, own in zip(part, node.value, strict=False):
            _place(each, own, name)


def _too_deep(text: str) -> int:
    """The line at which a text is nested deeper than anybody writes."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST and event.start_mark is not None:
            return event.start_mark.line + 1
    return 1


def _check_size(root: Any, name: str) -> None:
    """Refuse a text whose aliases make so much of it that it would not end."""
    sizes: dict[int, int] = {}

    def size(node: Any) -> int:
        if id(node) not in sizes and isinstance(node, yaml.CollectionNode):
            sizes[id(node)] = 1
            below = node.value if isinstance(node, yaml.SequenceNode) else [value for _, value in node.value]
            sizes[id(node)] += sum(map(size, below))
            if sizes[id(node)] > _MOST_VALUES:
                line = node.start_mark.line + 1
                raise ConfigError(f"{name}:{line}: more than {_MOST_VALUES:,} values, with what each alias stands for")
        return sizes.get(id(node), 1)

    size(root)


def _said(fault: Any) -> str:
    place = next((str(part) for part in reversed(fault["loc"]) if isinstance(part, str)), "")
    message = _SHAPES.get(fault["type"], str(fault["msg"]).removeprefix("Value error, "))
    if len(message) > _LONGEST_SAID:
        # An expression is quoted as a whole.
        message = f"{message[:_LONGEST_SAID]} ..."
    if fault["type"] == "extra_forbidden":
        return f"the field {place!r} is not known or not supported here"
    return f"{place}: {message}" if place else message


def _line(node: Any, location: Sequence[str | int]) -> int:
    """The line of the innermost part of `location` that the text has."""
    line = node.start_mark.line + 1 if node is not None else 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            key, node = next(((k, v) for k, v in node.value if k.value == part), (None, None))
            if key is None:
                break
            line = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return int(line)


def _twice(root: Any) -> Iterator[tuple[str, int]]:
    """Keys that a mapping has more than once, and where."""
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen or not isinstance(node, yaml.CollectionNode):
            continue
        seen.add(id(node))  # an anchor may be used again and again
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
            continue
        keys = set()
        for key, value in node.value:
            if key.value in keys:
                yield str(key.value), key.start_mark.line + 1
            elif isinstance(key, yaml.ScalarNode):
                keys.add(key.value)
            waiting.append(value)
