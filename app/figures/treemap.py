"""A treemap as rectangles: areas in proportion, as near to squares as they get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle; of a whole that is `width` x `height`, from its upper left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def area(self) -> float:
        """How large it is."""
        return self.width * self.height

    def shrunk(self, top: float, rest: float) -> Rect:
        """Room for a title above and a margin around; never turned inside out."""
        width, height = max(self.width - 2 * rest, 0.0), max(self.height - top - rest, 0.0)
        return Rect(self.x + min(rest, self.width / 2), self.y + min(top, self.height), width, height)


def squarified(weights: Sequence[float], whole: Rect) -> list[Rect]:
    """One rectangle a weight (positive, largest first): "Squarified treemaps", Bruls, Huizing and van Wijk (2000).

    Rows are laid along the shorter side, as long as another rectangle in the row makes the worst of them squarer.
    """
    total = sum(weights)
    if total <= 0 or whole.area <= 0:
        return [Rect(whole.x, whole.y, 0.0, 0.0) for _ in weights]
    areas = [weight * whole.area / total for weight in weights]
    found: list[Rect] = []
    free, first = whole, 0
    while first < len(areas):
        side = min(free.width, free.height)
        last = first + 1
        while last < len(areas) and _worst(areas[first : last + 1], side) <= _worst(areas[first:last], side):
            last += 1
        row, free = _laid(areas[first:last], free)
        found += row
        first = last
    return found


def _worst(row: Sequence[float], side: float) -> float:
    """The longest of the row's rectangles: its longer side over its shorter one."""
    if side <= 0:
        return float("inf")
    depth = sum(row) / side
    lengths = [area / depth for area in row]
    return max(max(length / depth, depth / length) if length > 0 else float("inf") for length in lengths)


def _laid(row: Sequence[float], free: Rect) -> tuple[list[Rect], Rect]:
    """The row along the shorter side of what is free, and what is left."""
    if free.width >= free.height:
        depth = min(sum(row) / free.height, free.width) if free.height else 0.0
        place, found = free.y, []
        for area in row:
            length = area / depth if depth else 0.0
            found.append(Rect(free.x, place, depth, length))
            place += length
        return found, Rect(free.x + depth, free.y, free.width - depth, free.height)
    depth = min(sum(row) / free.width, free.height) if free.width else 0.0
    place, found = free.x, []
    for area in row:
        length = area / depth if depth else 0.0
        found.append(Rect(place, free.y, length, depth))
        place += length
    return found, Rect(free.x, free.y + depth, free.width, free.height - depth)
