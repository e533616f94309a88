"""Moments as programs and records read them."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstore import moments


@given(st.integers(0, 2**33))
def test_what_is_written_is_read_again_and_by_others(time: int) -> None:
    text = moments.show(time + 0.9)
    assert moments.read(text) == time
    assert datetime.fromisoformat(text).timestamp() == time
    assert (text[10], text[-1], len(text)) == ("T", "Z", 20)


@pytest.mark.parametrize("text", ["", "noon", "2027-01-15T25:00:00Z", "2027-01-15T08:00:00", "1800000000"])
def test_what_is_no_moment_is_not_guessed(text: str) -> None:
    assert moments.read(text) is None
