"""Who is asking, what they may do, and how they come to be let in."""
