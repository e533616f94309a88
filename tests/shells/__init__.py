"""Type into real shells what an admin types, and see what they offer and fill in."""
