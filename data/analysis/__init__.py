"""Statistics on top of the queries."""
