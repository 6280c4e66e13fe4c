"""Scheduled reports in the record: when they are due, and what became of each."""
