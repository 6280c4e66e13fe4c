"""Medians and ratios of the hot paths: `make bench`, or `python -m tests.bench ingest queries`."""
