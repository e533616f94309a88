"""The window of the day in which work may be done."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstore.errors import UsageError
from vmstore.policies.window import Window

MINUTES = st.integers(0, 24 * 60 - 1)


def at(text: str) -> datetime:
    """Make a moment of one day."""
    return datetime.fromisoformat(f"2026-11-25T{text}:00")


@pytest.mark.parametrize(
    ("window", "inside", "outside"),
    [
        ("22:00-06:00", ["22:00", "23:59", "00:00", "05:59"], ["06:00", "12:00", "21:59"]),
        ("08:30-17:00", ["08:30", "16:59"], ["08:29", "17:00", "00:00"]),
        ("20:00-24:00", ["20:00", "23:59"], ["00:00", "19:59"]),
        ("00:00-01:00", ["00:00", "00:59"], ["01:00", "23:59"]),
    ],
)
def test_it_is_open_from_one_minute_to_before_another(window: str, inside: list[str], outside: list[str]) -> None:
    found = Window.parse(window)
    assert [each for each in inside if not found.open_at(at(each))] == []
    assert [each for each in outside if found.open_at(at(each))] == []


@pytest.mark.parametrize("text", ["", "22-6", "22:00", "22:00-22:00", "00:00-24:00", "24:30-01:00", "25:00-01:00", "x"])
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no window"):
        Window.parse(text)


def test_it_says_when_it_opens_next() -> None:
    window = Window.parse("22:00-06:00")
    assert window.opens(at("12:00")) == at("22:00")
    assert window.opens(at("23:00")) == at("23:00")
    assert Window.parse("02:00-03:00").opens(at("12:00")) == at("02:00") + timedelta(days=1)


@given(MINUTES, MINUTES, MINUTES)
def test_it_opens_within_a_day_and_is_open_then(begin: int, until: int, minute: int) -> None:
    if begin == until:
        return
    window = Window(begin, until)
    assert Window.parse(str(window)) == window
    moment = at(f"{minute // 60:02}:{minute % 60:02}")
    opens = window.opens(moment)
    assert window.open_at(opens)
    assert moment <= opens < moment + timedelta(days=1)
    if opens > moment:
        assert not window.open_at(opens - timedelta(minutes=1))
