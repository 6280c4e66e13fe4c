"""The commands of the program, a group a file; this is the list of them. Each imports what it needs when it runs."""

from __future__ import annotations

from app.commands.backup import backup, restore
from app.commands.doctor import doctor
from app.commands.exporting import export
from app.commands.forgetting import forget
from app.commands.importing import import_calls
from app.commands.keys import apikey
from app.commands.migrating import migrate
from app.commands.reporting import report
from app.commands.retention import retention
from app.commands.rules import rules
from app.commands.serving import demo, serve
from app.commands.users import user

COMMANDS = (
    serve, demo, import_calls, export, report, migrate, rules, retention, backup, restore, doctor, forget, user,
    apikey,
)  # fmt: skip
