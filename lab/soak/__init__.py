"""Evacuations under random faults, for as long as is wanted, each round replayable by its seed."""
