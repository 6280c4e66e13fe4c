"""The page of administration: who gets in, what was done, what is set, what is kept."""
