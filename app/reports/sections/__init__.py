"""The parts of a report, some to a file."""
