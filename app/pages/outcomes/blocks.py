"""The tree of end reasons as blocks that are links."""

from __future__ import annotations

import pandas as pd

from app.addresses import calls_link
from app.components.plain import Plain, h
from app.components.rows import nothing
from app.figures.palette import looks
from app.figures.treemap import Rect, squarified
from app.figures.trend import label
from app.format import count, percent
from data.filters import UNKNOWN, CallFilter

#: The field in CSS pixels on a desktop and on a phone (assets/voicehive/analysis.css): only its shape matters.
_WIDE, _NARROW = Rect(0, 0, 880, 380), Rect(0, 0, 350, 460)
_TITLE, _MARGIN = 22.0, 2.0
_ROOM = Rect(0, 0, 52, 36)
#: A group in colours of its own meaning.
_TINTS = {"platform_error": "error", "telephony": "abandoned", "voicemail": "voicemail", UNKNOWN: "missed",
          "unknown": "missed"}  # fmt: skip


def tree(frame: pd.DataFrame, chosen: CallFilter) -> Plain:
    """frame: end_reason_group, end_reason, calls."""
    total = int(frame["calls"].sum())
    if not total:
        return nothing("No ended calls in this range.")
    if (frame[["end_reason_group", "end_reason"]] == UNKNOWN).all(axis=None):
        return nothing("No call of this range says why it ended.")
    groups = frame.groupby("end_reason_group")["calls"].sum().sort_values(ascending=False, kind="stable")
    sizes = [float(n) for n in groups]
    wide, narrow = squarified(sizes, _WIDE), squarified(sizes, _NARROW)
    names = [str(name) for name in groups.index]
    tints = {name: tint for name, (tint, _) in looks(names).items()} | _TINTS
    blocks = [
        _group(name, frame[frame["end_reason_group"] == name], chosen, total, tints[name], (wide[i], narrow[i]))
        for i, name in enumerate(names)
    ]
    return h("Div", blocks, cls="vh-tree", role="group", aria_label="End reasons")


def _group(
    name: str, frame: pd.DataFrame, chosen: CallFilter, total: int, tint: str, rects: tuple[Rect, Rect]
) -> Plain:
    n = int(frame["calls"].sum())
    words = f"{label('end_reason_group', name)} {percent(100 * n / total)}"
    link = calls_link(chosen, "counted", end_reason_group=(name,))
    title = h("A", words, href=link, cls="vh-tree-title", data_tip=f"{words}, {count(n)} calls")
    weights = [float(v) for v in frame["calls"]]
    inner = [squarified(weights, Rect(0, 0, r.width, r.height).shrunk(_TITLE, _MARGIN)) for r in rects]
    reasons = frame["end_reason"].tolist()
    leaves = [
        _leaf(str(reason), int(calls), total,
              calls_link(chosen, "counted", end_reason_group=(name,), end_reason=(reason,)),
              [(inner[side][i], rects[side]) for side in (0, 1)])
        for i, (reason, calls) in enumerate(zip(reasons, frame["calls"], strict=True))
    ]  # fmt: skip
    sizes = [(rects[0], _WIDE), (rects[1], _NARROW)]
    return h("Div", [title, *leaves], cls="vh-tree-group", style=_place(sizes) | {"--tint": f"var(--vh-{tint})"})


def _leaf(reason: str, n: int, total: int, link: str, places: list[tuple[Rect, Rect]]) -> Plain:
    shown = "not known" if reason == UNKNOWN else reason
    words = f"{shown}: {count(n)} calls, {percent(100 * n / total)}"
    # What has no room for a word says it when it is hovered or focused.
    room = [rect.width > _ROOM.width and rect.height > _ROOM.height for rect, _ in places]
    text = [h("Span", shown, aria_hidden="true"), h("B", count(n), aria_hidden="true")] if any(room) else []
    told = h("Em", words, cls="visually-hidden")
    cls = "vh-tree-leaf" + ("" if room[0] else " vh-wide-bare") + ("" if room[1] else " vh-narrow-bare")
    return h("A", [*text, told], href=link, cls=cls, style=_place(places), data_tip=words)


def _place(places: list[tuple[Rect, Rect]]) -> dict[str, str]:
    """Percent of the parent, for the wide and for the narrow field."""
    style: dict[str, str] = {}
    for prefix, (rect, whole) in zip(("--w", "--n"), places, strict=True):
        width, height = whole.width or 1.0, whole.height or 1.0
        style[f"{prefix}x"], style[f"{prefix}w"] = f"{100 * rect.x / width:.2f}%", f"{100 * rect.width / width:.2f}%"
        style[f"{prefix}y"], style[f"{prefix}h"] = f"{100 * rect.y / height:.2f}%", f"{100 * rect.height / height:.2f}%"
    return style
