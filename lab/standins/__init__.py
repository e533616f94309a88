"""Stand for programs that can no longer be had, so that the lab can run what drives them."""
