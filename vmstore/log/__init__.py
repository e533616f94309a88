"""The log of changes: who had what done, where, by which exact command, when, and what came of it."""
