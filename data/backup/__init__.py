"""Backups of the record: one consistent state, taken while the program runs, with what proves it whole."""

from __future__ import annotations

from data.backup.manifest import BackupFailed, BadBackup, FolderTaken, Manifest
from data.backup.restoring import restore
from data.backup.taking import backup

__all__ = ["BackupFailed", "BadBackup", "FolderTaken", "Manifest", "backup", "restore"]
