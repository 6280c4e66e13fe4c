"""Service level: how long callers waited, who left, how busy agents were, how many calls went on at once."""
