"""Measure vmstore against the raw tools, in one run, as ratios."""
