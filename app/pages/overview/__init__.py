"""The overview: what happens now, at a glance."""
