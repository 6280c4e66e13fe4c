"""Calls out of the app: exactly those of a filter, newest first, as CSV, Parquet or an Excel workbook."""
