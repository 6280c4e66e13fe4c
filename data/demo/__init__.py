"""Demo calls: a generated history and a live simulator, of the same character."""
