"""Call records: how they come in, where they are kept, how they are counted."""
