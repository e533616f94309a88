"""Volumes for virtual machines on shared SAN storage."""

__version__ = "0.1.0"
