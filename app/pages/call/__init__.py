"""The page of one call: what is known of it, and where its time went."""
