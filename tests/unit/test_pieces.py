"""Cutting a volume into pieces: nothing is lost or moved twice, and none is larger than was asked for."""

from hypothesis import given
from hypothesis import strategies as st

from vmstore.jobs.pieces import Piece, Range, cut

RUNS = st.lists(st.integers(1, 50), min_size=1, max_size=6)


def test_one_piece_where_nothing_asks_for_more() -> None:
    assert cut([Range(5, 3), Range(20, 2)], {"t": 5}, 0) == [Piece(("t",), (Range(5, 3), Range(20, 2)))]


def test_pieces_are_of_about_the_same_length() -> None:
    pieces = cut([Range(0, 10)], {"t": 10}, 4)
    assert [piece.count for piece in pieces] == [3, 3, 4]
    assert [str(piece.ranges[0]) for piece in pieces] == ["0-2", "3-5", "6-9"]


def test_each_target_gets_its_share_and_no_piece_has_two() -> None:
    pieces = cut([Range(0, 6), Range(100, 6)], {"a": 8, "b": 4}, 5)
    assert pieces == [
        Piece(("a",), (Range(0, 4),)),
        Piece(("a",), (Range(4, 2), Range(100, 2))),
        Piece(("b",), (Range(102, 4),)),
    ]


def test_ranges_meet_where_they_share_an_extent() -> None:
    assert Range(4, 2).meets(5, 9)
    assert Range(4, 2).meets(0, 5)
    assert not Range(4, 2).meets(6, 1)
    assert not Range(4, 2).meets(0, 4)


@given(RUNS, st.lists(st.integers(0, 80), min_size=1, max_size=4), st.integers(0, 40))
def test_every_extent_is_in_one_piece_within_the_limit(lengths: list[int], rooms: list[int], most: int) -> None:
    runs = [Range(1000 * number, length) for number, length in enumerate(lengths)]
    room = {f"t{number}": count for number, count in enumerate(rooms)}
    pieces = cut(runs, room, most)
    there = [extent for run in runs for extent in range(run.start, run.start + run.count)]
    moved = [e for piece in pieces for each in piece.ranges for e in range(each.start, each.start + each.count)]
    assert moved == there[: sum(rooms)]
    assert all(0 < piece.count <= (most or len(there)) for piece in pieces)
    for target, count in room.items():
        assert sum(piece.count for piece in pieces if piece.targets == (target,)) <= count
