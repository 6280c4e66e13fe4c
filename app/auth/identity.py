"""Who is asking."""

from __future__ import annotations

from dataclasses import dataclass

from app.auth.permissions import OF_ROLE, Need
from data.access.roles import Role


@dataclass(frozen=True, slots=True)
class Identity:
    """A person, or a program with a key. `role` is a word for people; what counts is `grants`."""

    name: str
    role: str
    grants: frozenset[Need]
    #: Of a person who signed in.
    user_id: int | None = None
    session_id: str | None = None
    #: Of a wall screen: path and query of the only page that it shows.
    view: str | None = None

    def may(self, need: Need) -> bool:
        """Whether this is allowed."""
        return need is Need.OPEN or need in self.grants


#: Whoever can reach a server that asks nobody to sign in: it listens on this machine only.
LOCAL = Identity("local", Role.ADMIN.value, OF_ROLE[Role.ADMIN])
