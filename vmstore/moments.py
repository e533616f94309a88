"""Read and write moments: seconds since 1970 inside, RFC 3339 in UTC outside."""

from datetime import UTC, datetime


def show(time: float) -> str:
    """Write a moment for programs and records, in whole seconds: ``2027-01-15T08:00:00Z``."""
    return datetime.fromtimestamp(int(time), UTC).isoformat().replace("+00:00", "Z")


def read(text: str) -> float | None:
    """Read what ``show`` wrote; None for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.timestamp() if found.tzinfo else None
