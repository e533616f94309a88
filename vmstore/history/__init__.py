"""Remember how full storage was: one SQLite file that each report adds to, and that never stops a report."""
