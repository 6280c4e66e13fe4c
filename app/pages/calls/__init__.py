"""The table of calls: every call of the filter, one a row."""
