"""The closed word lists of access: roles of people, scopes of keys."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person may do; each may all that the one before may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


class Scope(StrEnum):
    """What a program's key is for."""

    INGEST = "ingest"
    READ = "read"
    OPERATE = "operate"
    SCRAPE = "scrape"
    ADMIN = "admin"
    #: One page on a wall screen.
    KIOSK = "kiosk"
