"""What a comparison of two versions says, in plain words."""

from __future__ import annotations

from data.analysis.comparing import FEWEST, rate_can_be_judged
from data.queries.board import Comparison

from app.format import count, duration, percent  # isort: skip

#: As usual: so seldom by chance alone that it is taken for a difference.
_SIGNIFICANT = 0.05


def success_words(pair: Comparison) -> tuple[str, str]:
    """A verdict (good, bad, neutral) on the newer version's success, and the sentence."""
    a, b, found = pair.a, pair.b, pair.success
    if found is None or not rate_can_be_judged(a.successes, a.calls, b.successes, b.calls):
        return "neutral", f"Too few calls to compare success: n = {count(a.calls)} and {count(b.calls)}."
    rates = f"{percent(100 * b.successes / b.calls)} against {percent(100 * a.successes / a.calls)}"
    interval = f"95 % interval {_points(found.low)} to {_points(found.high)} points, {_chance(found.p)}"
    if found.p >= _SIGNIFICANT:
        return "neutral", f"No difference in success can be told: {rates} ({interval})."
    word = "more" if found.change > 0 else "less"
    return "good" if found.change > 0 else "bad", f"{b.version} succeeds {word} often: {rates} ({interval})."


def duration_words(pair: Comparison) -> str:
    """Whether the calls of the newer version take longer or shorter."""
    a, b, found = pair.a, pair.b, pair.duration
    if found is None or min(a.timed, b.timed) < FEWEST:
        return f"Too few answered calls to compare durations: n = {count(a.timed)} and {count(b.timed)}."
    medians = f"median {duration(b.median_seconds)} against {duration(a.median_seconds)}"
    if found.p >= _SIGNIFICANT:
        return f"No difference in duration can be told: {medians} ({_chance(found.p)})."
    word, share = ("shorter", found.b_lower) if found.b_lower > 0.5 else ("longer", 1 - found.b_lower)
    pairs = f"in {100 * share:.0f} of 100 pairs its call is the {word} one"
    return f"Its calls are {word}: {medians}; {pairs} ({_chance(found.p)})."


def _points(share: float) -> str:
    return f"{'+' if share > 0 else '−' if share < 0 else ''}{abs(100 * share):.1f}"


def _chance(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}" if p < 0.1 else f"p = {p:.2f}"
