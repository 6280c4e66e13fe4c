"""Where the time of a call went: stages told with the call (data/sources/trace.py), and spans that came by OTLP."""
