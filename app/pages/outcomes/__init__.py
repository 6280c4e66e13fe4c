"""Outcomes: how calls ended, what callers thought, what it cost, who had to call again."""
