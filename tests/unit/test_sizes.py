"""Sizes: what is understood, what is refused and why, and how bytes are written."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstore import sizes
from vmstore.errors import Refused, UsageError
from vmstore.sizes import Growth


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1B", 1),
        ("512M", 512 * 2**20),
        ("512MiB", 512 * 2**20),
        ("80g", 80 * 2**30),
        ("1.5T", 3 * 2**39),
        ("0.5K", 512),
        ("1P", 2**50),
        ("7E", 7 * 2**60),
    ],
)
def test_a_number_with_a_binary_unit_is_understood(text: str, size: int) -> None:
    assert sizes.parse(text) == size


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ("10", "it has no unit"),
        ("1.5", "it has no unit"),
        ("10GB", "decimal units"),
        ("10gb", "decimal units"),
        ("10Q", "not a number with one of the units"),
        ("ten", "not a number"),
        ("1e3G", "not a number"),
        ("\N{ARABIC-INDIC DIGIT ONE}G", "not a number"),
        ("1G\n", "not a number"),
        (" 1G", "not a number"),
        (".5G", "not a number"),
        ("+1G", "not a number"),
        ("0G", "no size"),
        ("0.0B", "no size"),
        ("0.3B", "no whole number of bytes"),
        ("1.00000000000000000000000000000001G", "no whole number of bytes"),
        ("8E", "end at 8 EiB"),
        ("99999999999999999999999999999999999E", "end at 8 EiB"),
    ],
)
def test_anything_else_is_refused_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(UsageError, match="is") as caught:
        sizes.parse(text)
    assert why in caught.value.why
    assert "80G" in caught.value.hint


@given(st.text())
def test_no_text_does_anything_but_parse_or_be_refused(text: str) -> None:
    try:
        assert 0 < sizes.parse(text) <= sizes.LARGEST
    except UsageError as error:
        assert error.why


@given(st.integers(1, sizes.LARGEST))
def test_bytes_written_with_a_unit_are_read_as_the_same_bytes(size: int) -> None:
    assert sizes.parse(f"{size}B") == size


@given(st.integers(1, 1023), st.sampled_from("KMGTP"))
def test_what_is_shown_of_a_whole_number_of_units_is_read_as_the_same_bytes(number: int, unit: str) -> None:
    size = number * sizes.UNITS[unit]
    assert sizes.parse(sizes.show(size).replace(" ", "")) == size


@given(st.integers(0, sizes.LARGEST))
def test_what_is_shown_is_within_half_a_percent(size: int) -> None:
    number, unit = sizes.show(size).split(" ")
    factor = sizes.UNITS[unit[0]]
    assert abs(float(number) * factor - size) <= max(size * 0.005, 0)


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (10 * 2**30, "10 GiB"),
        (2**40, "1 TiB"),
    ],
)
def test_sizes_are_shown_in_the_largest_unit_without_idle_zeros(size: int, shown: str) -> None:
    assert sizes.show(size) == shown


@pytest.mark.parametrize(("text", "growth"), [("+10G", Growth(10 * 2**30, True)), ("80G", Growth(80 * 2**30, False))])
def test_growth_is_relative_with_a_plus_and_absolute_without(text: str, growth: Growth) -> None:
    assert Growth.parse(text) == growth


def test_growth_with_a_minus_is_refused_as_shrinking() -> None:
    with pytest.raises(Refused, match="shrink"):
        Growth.parse("-5G")


@pytest.mark.parametrize("text", ["+", "++1G", "+-1G", "1G+", ""])
def test_growth_that_is_no_size_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError):
        Growth.parse(text)


@given(st.integers(0, 2**60), st.integers(1, 2**30))
def test_rounding_up_gives_the_next_whole_number_of_units(size: int, unit: int) -> None:
    rounded = sizes.round_up(size, unit)
    assert rounded % unit == 0
    assert size <= rounded < size + unit


@pytest.mark.parametrize(
    ("size", "told"),
    [
        (2**10, "1K is rounded up to 4M, since LVM gives whole extents of 4M"),
        (4 * 2**20, ""),
        (80 * 2**30, ""),
        (2**40 + 1, "1099511627777B is rounded up to 1048580M, since LVM gives whole extents of 4M"),
    ],
)
def test_rounding_is_told_exactly_and_only_where_there_is_some(size: int, told: str) -> None:
    assert sizes.rounding(size, 4 * 2**20) == told


def test_100_per_cent_means_full() -> None:
    assert sizes.percent(999, 1000) == 99
    assert sizes.percent(1000, 1000) == 100
    assert sizes.percent(0, 0) is None


@pytest.mark.parametrize(("number", "words"), [(0, "0 volumes"), (1, "1 volume"), (12, "12 volumes")])
def test_volumes_are_counted_in_words(number: int, words: str) -> None:
    assert sizes.volumes(number) == words


@pytest.mark.parametrize(
    ("text", "share"), [("80%", Fraction(4, 5)), ("0.5%", Fraction(1, 200)), ("100%", Fraction(1))]
)
def test_a_share_is_a_part_of_the_whole(text: str, share: Fraction) -> None:
    assert sizes.share(text) == share


@pytest.mark.parametrize("text", ["", "0%", "100.1%", "80", "%", "-1%", "8 %", "1e1%"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a share"):
        sizes.share(text)
