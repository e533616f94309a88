"""What a job's record says of its pace."""

from datetime import UTC, datetime, timedelta

from vmstore.jobs import joblook
from vmstore.jobs.record import Event

BEGAN = datetime(2026, 11, 25, 22, 0, tzinfo=UTC)
MIB = 2**20


def event(second: int, name: str, **fields: object) -> Event:
    """Make an event so many seconds after the beginning."""
    return Event(BEGAN + timedelta(seconds=second), name, fields)


def test_pieces_that_are_written_down_together_have_each_its_own_time() -> None:
    events = [
        event(0, "asked", bytes=310 * MIB, parts=4),
        event(0, "began", bytes=10 * MIB),
        event(6, "began", bytes=100 * MIB),
        event(21, "began", bytes=100 * MIB),
        event(36, "moved", bytes=10 * MIB),
        event(36, "moved", bytes=100 * MIB),
        event(36, "moved", bytes=100 * MIB),
    ]
    rate, left = joblook._pace(events)
    assert rate == 210 * MIB / 36
    assert left == 15.0


def test_time_in_which_it_rested_does_not_count() -> None:
    events = [
        event(0, "asked", bytes=20 * MIB, parts=2),
        event(0, "began", bytes=10 * MIB),
        event(10, "moved", bytes=10 * MIB),
        event(10, "paused"),
        event(9000, "resumed"),
    ]
    assert joblook._pace(events) == (MIB, 10.0)


def test_an_odd_record_says_nothing() -> None:
    assert joblook._pace([]) == (None, None)
    assert joblook._pace([event(0, "moved"), event(1, "began"), event(2, "moved", bytes="x")]) == (None, None)
