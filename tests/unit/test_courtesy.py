"""A copy takes only a share of its time while others use the same PVs."""

from itertools import pairwise

from vmstore.policies.courtesy import Courtesy
from vmstore.policies.load import Look, Served


def shares(courtesy: Courtesy, *looks: tuple[float, Look]) -> list[int]:
    """Give the share after each look."""
    return [courtesy.percent(now, look) for now, look in looks]


def look(*, source: tuple[int, int] = (0, 0), target: tuple[int, int] = (0, 0)) -> Look:
    """Make a look: reads and writes of the source and of the target."""
    return Look(None, {"/dev/src": Served(*source, 0), "/dev/dst": Served(*target, 0)})


def courtesy(share: int = 40) -> Courtesy:
    """Make one between two devices."""
    return Courtesy(share, "/dev/src", ("/dev/dst",))


def test_what_the_copy_itself_does_is_not_somebody_else() -> None:
    looks = [(float(n), look(source=(n * 1000, 0), target=(0, n * 1000))) for n in range(5)]
    assert shares(courtesy(), *looks) == [100] * 5


def test_who_writes_to_the_source_or_reads_from_the_target_is_spared() -> None:
    assert shares(courtesy(), (0, look()), (1, look(source=(0, 50)))) == [100, 40]
    assert shares(courtesy(), (0, look()), (1, look(target=(50, 0)))) == [100, 40]


def test_a_few_ios_are_no_load() -> None:
    assert shares(courtesy(), (0, look()), (1, look(source=(0, 9)))) == [100, 100]
    assert shares(courtesy(), (0, look()), (10, look(source=(0, 99)))) == [100, 100]
    assert shares(courtesy(), (0, look()), (1, look(source=(0, 10)))) == [100, 40]


def test_it_stays_courteous_for_a_while_and_not_for_ever() -> None:
    one = courtesy(25)
    assert shares(one, (0, look()), (1, look(source=(0, 50)))) == [100, 25]
    quiet = [(float(now), look(source=(0, 50))) for now in range(2, 9)]
    found = shares(one, *quiet)
    assert found[0] == 25
    assert found[-1] == 100
    assert sum(a != b for a, b in pairwise(found)) == 1


def test_two_looks_at_one_time_tell_nothing() -> None:
    assert shares(courtesy(), (0, look()), (0, look(source=(0, 500)))) == [100, 100]


def test_a_share_of_all_the_time_is_no_regard() -> None:
    assert not courtesy(100)
    assert courtesy(99)
