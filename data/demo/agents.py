"""The character of the demo's voice agents: what each one does, how well, how fast and at what price."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from data.demo.dice import Floats
from data.models import Direction

QUEUES = ("sales", "support", "billing", "scheduling", "retention")
DIRECTIONS = tuple(d.value for d in (Direction.INBOUND, Direction.OUTBOUND, Direction.WEB))
INBOUND, OUTBOUND, WEB = range(3)
LANGUAGES = ("en-US", "en-GB", "es-MX", "de-DE", "fr-FR")


@dataclass(frozen=True, slots=True)
class Agent:
    """One voice agent. Shares are of its own calls and in the order of the word lists above; money is in USD."""

    name: str
    #: Share of all calls.
    share: float
    queues: tuple[float, float, float, float, float]
    directions: tuple[float, float, float]
    languages: tuple[float, float, float, float, float]
    #: Median length of a conversation, in seconds.
    talk_seconds: float
    turn_seconds: float
    llm_ms: float
    tts_ms: float
    llm_per_minute: float
    tts_per_minute: float
    #: How often it fails, against the average agent.
    error_factor: float
    #: Share of its conversations that end with a person.
    transfer_rate: float
    csat: float
    #: The running version, or the former and the running one.
    versions: tuple[str, ...]
    #: How long before the end of the history the running version came, in days.
    version_age_days: float = 0.0


# fmt: off
AGENTS = (
    Agent("roxy", 0.24, (.62, .08, .00, .22, .08), (.86, .04, .10), (.78, .10, .08, .02, .02),
          158, 8.5, 395, 150, .034, .030, 0.90, .055, 4.40, ("3.1", "3.2"), 24),
    Agent("max", 0.22, (.02, .86, .12, .00, .00), (.90, .02, .08), (.80, .09, .07, .02, .02),
          196, 10.0, 470, 165, .046, .030, 1.10, .135, 4.05, ("2.7",)),
    Agent("luna", 0.18, (.08, .07, .00, .85, .00), (.88, .06, .06), (.74, .08, .12, .03, .03),
          104, 7.5, 335, 140, .022, .024, 0.80, .030, 4.50, ("5.0",)),
    Agent("atlas", 0.16, (.00, .14, .86, .00, .00), (.94, .02, .04), (.82, .12, .04, .01, .01),
          147, 9.0, 440, 150, .038, .030, 1.00, .085, 4.15, ("1.9", "2.0"), 38),
    Agent("nova", 0.12, (.30, .00, .18, .24, .28), (.06, .92, .02), (.80, .10, .06, .02, .02),
          92, 7.5, 360, 145, .022, .024, 1.10, .040, 4.10, ("1.4",)),
    Agent("iris", 0.08, (.18, .54, .18, .10, .00), (.64, .02, .34), (.06, .06, .40, .26, .22),
          171, 10.5, 520, 210, .046, .042, 1.25, .090, 4.20, ("0.9",)),
)
# fmt: on


@cache
def trait(name: str) -> Floats:
    """One field of all agents, in their order: a number an agent, or a row of shares an agent."""
    return np.array([getattr(agent, name) for agent in AGENTS], dtype=np.float64)
