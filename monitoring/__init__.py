"""How the process itself is measured; imports nothing of the other packages."""
