"""Silences: for a while nobody is told of the alerts that match. Their states stay as they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from alerts.dispatch.matchers import Matcher, matches
from data.samples.model import Labels


class BadSilence(ValueError):
    """A silence that can't be; the message says why."""


class SilenceState(StrEnum):
    """Where a silence stands at an instant."""

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Silence:
    """Instants in milliseconds; `id` is empty before it is stored."""

    matchers: tuple[Matcher, ...]
    starts_at: int
    ends_at: int
    created_by: str
    comment: str
    id: str = ""
    updated_at: int = 0

    def state(self, at: int) -> SilenceState:
        """Where it stands at an instant."""
        if at < self.starts_at:
            return SilenceState.PENDING
        return SilenceState.EXPIRED if at >= self.ends_at else SilenceState.ACTIVE

    def silences(self, labels: Labels, at: int) -> bool:
        """Whether it is active and its conditions are met."""
        return self.state(at) is SilenceState.ACTIVE and matches(self.matchers, labels)


def check(silence: Silence, at: int) -> None:
    """BadSilence if it would never silence anything, or silences whatever comes."""
    if not silence.matchers:
        raise BadSilence("a silence needs at least one matcher")
    if matches(silence.matchers, {}):
        raise BadSilence("at least one matcher must not match an empty label")
    if silence.ends_at <= silence.starts_at:
        raise BadSilence("a silence must end after it starts")
    if silence.ends_at <= at:
        raise BadSilence("a silence can't end in the past")


def can_change(old: Silence, new: Silence, at: int) -> bool:
    """Whether an edit keeps the silence; if not, the old one is ended and the new one gets an id of its own."""
    if set(old.matchers) != set(new.matchers):
        return False
    match old.state(at):
        case SilenceState.PENDING:
            return new.starts_at >= at
        case SilenceState.ACTIVE:
            return new.starts_at // 1000 == old.starts_at // 1000
        case SilenceState.EXPIRED:
            return False


def ended(silence: Silence, at: int) -> Silence:
    """The silence ended at this instant; BadSilence if it is over already."""
    if silence.state(at) is SilenceState.EXPIRED:
        raise BadSilence(f"the silence {silence.id} is over already")
    return replace(silence, starts_at=min(silence.starts_at, at), ends_at=at, updated_at=at)
