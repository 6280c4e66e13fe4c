"""Users, sessions and keys in the record, and what is written down about their use."""
