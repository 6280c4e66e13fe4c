"""Quality: how fast agents answer, and how conversations go."""
