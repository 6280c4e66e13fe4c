"""Building blocks of the pages: plain component dicts for what is refreshed, Dash components for what stays."""
