"""Reports: one definition of what they say (compose.py), and a renderer for each form in which they come."""
