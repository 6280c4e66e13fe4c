"""Agents: side by side, version against version, and one by one."""
