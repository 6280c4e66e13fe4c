"""What the analytic copy makes of each call as it stores it.

Figures ask these things many times of every call, and to find them out takes several times as long as to read them.
"""

from __future__ import annotations

from sqlalchemy import and_, case, literal_column

from data.models import Direction, calls
from data.possible import ANY_IMPOSSIBLE, POSSIBLE
from data.sqlx import kept, number_of

c = calls.c

#: Inbound calls that joined a queue, whatever became of them.
QUEUED = kept("queued", and_(c.direction == literal_column(f"'{Direction.INBOUND}'"), c.queued_at.is_not(None)))
#: How long these waited, and those of them that were answered (seconds).
QUEUED_WAIT = kept("queued_wait_seconds", case((QUEUED.value, c.wait_seconds)))
ANSWERED_WAIT = kept("answered_wait_seconds", case((and_(QUEUED.value, c.answered_at.is_not(None)), c.wait_seconds)))
#: The caller, where only the same ones are looked for.
CALLER = kept("caller_number", number_of(c.caller_hash))
#: The currency, where it only matters whether all have the same.
CURRENCY = kept("currency_number", number_of(c.currency))

KEPT: tuple[kept, ...] = (*POSSIBLE.values(), ANY_IMPOSSIBLE, QUEUED, QUEUED_WAIT, ANSWERED_WAIT, CALLER, CURRENCY)
