"""What only admins may: users, keys, sessions, the audit log, settings, and what is kept for how long."""

from __future__ import annotations

from app.api.admin import audit, data, keys, sessions, settings, users

BLUEPRINTS = tuple(each.blueprint for each in (users, keys, sessions, audit, settings, data))
