"""Growth of what fills up: known answers, what is kept of them, and whose history is looked at again."""

import pytest

from vmstore.history.values import Fit, Point
from vmstore.policies.forecast import Full, Jump, Trend, Unknown, Why
from vmstore.policies.slope import DAY
from vmstore.policies.thresholds import Kind
from vmstore.report import growth
from vmstore.report.capacity import Subject

G = 2**30
NOW = 1_800_000_000.0
HOUR = 3600


def vm(used: int | None, name: str = "web01", size: int = 100) -> Subject:
    """Make a VM, in GiB."""
    known = None if used is None else used * G
    return Subject(Kind.VM, name, size * G, size * G, 0, used=known, filesystem=None if used is None else size * G)


def points(*used: int | None) -> list[Point]:
    """Make a point a day until yesterday, in GiB, of a VM whose volume is 100 GiB."""
    row = []
    for ago, value in zip(range(len(used), 0, -1), used, strict=True):
        size = None if value is None else value * G
        row.append(Point(int(NOW - ago * DAY), 100 * G, 100 * G, size, 100 * G, 100 * G, size, size))
    return row


def trend(per_day: float = 1.0, jump: Jump | None = None) -> Trend:
    """Make a growth in GiB a day."""
    return Trend(per_day * G, per_day * G * 0.9, per_day * G * 1.1, 90, NOW - 90 * DAY, NOW, jump)


def test_a_vm_grows_by_what_its_file_system_uses_and_a_class_by_what_is_allocated() -> None:
    history = points(*range(10, 40))
    of_vm = growth.fit(vm(40), history, NOW)
    assert isinstance(of_vm, Trend)
    assert of_vm.per_day == pytest.approx(G)
    of_class = growth.fit(Subject(Kind.CLASS, "fc", 200 * G, 100 * G, 100 * G), history, NOW)
    assert isinstance(of_class, Trend)
    assert of_class.per_day == 0


def test_days_on_which_nobody_could_tell_are_left_out() -> None:
    told = growth.fit(vm(12), points(1, 2, None, None, 5, 6, None, 8, 9, 10, 11), NOW)
    assert isinstance(told, Trend)
    assert told.per_day == pytest.approx(G)
    assert told.days == 9


def test_what_is_true_now_counts_and_alone_is_no_history() -> None:
    assert growth.fit(vm(5), (), NOW) == Unknown(Why.FEW_DAYS, 1)
    assert growth.fit(vm(None), (), NOW) == Unknown(Why.NOTHING)
    told = growth.fit(vm(3), points(1, 2), NOW)
    assert isinstance(told, Trend)
    assert told.end == NOW


def test_it_is_full_when_what_is_left_has_come() -> None:
    full = growth.grown(vm(70), trend(), NOW).full
    assert full is not None
    assert full.likely == pytest.approx(NOW + 30 * DAY)
    assert full.earliest == pytest.approx(NOW + 30 / 1.1 * DAY)
    assert full.latest == pytest.approx(NOW + 30 / 0.9 * DAY)


def test_what_is_closed_is_not_there_to_be_filled() -> None:
    subject = Subject(Kind.CLASS, "fc", 200 * G, 60 * G, 140 * G, closed=100 * G)
    full = growth.grown(subject, trend(), NOW).full
    assert full is not None
    assert full.likely == pytest.approx(NOW + 40 * DAY)


@pytest.mark.parametrize("subject", [vm(None), vm(10, size=10_000)])
def test_without_a_value_or_too_far_off_there_is_no_date(subject: Subject) -> None:
    assert growth.grown(subject, trend(), NOW).full is None


def test_one_that_shrinks_is_never_full() -> None:
    assert growth.grown(vm(50), trend(-1), NOW).full == Full(None, None, None)


@pytest.mark.parametrize("made", [trend(), trend(2, Jump(NOW - DAY, 5 * G)), Unknown(Why.SHORT, 3, 1)])
def test_what_is_kept_is_read_again(made: Trend | Unknown) -> None:
    kept = growth.kept(vm(7), made, NOW)
    assert (kept.time, kept.value) == (int(NOW), 7 * G)
    assert growth.known({"web01": kept}) == {"web01": made}


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"trend": 3}', "no JSON"])
def test_what_makes_no_sense_is_not_known(text: str) -> None:
    assert growth.known({"web01": Fit(0, 0, text)}) == {}


def due(*vms: tuple[Subject, float, int, Trend | Unknown | None]) -> list[str]:
    """Name those that are due, of VMs with hours since and GiB at their last fit."""
    fits = {vm.name: Fit(int(NOW - hours * HOUR), value * G, "") for vm, hours, value, made in vms if made}
    trends = {vm.name: made for vm, _, _, made in vms if made}
    return [each.name for each in growth.due([vm for vm, *_ in vms], fits, trends, NOW)]


def test_what_grew_as_told_is_looked_at_once_a_day() -> None:
    assert due((vm(50), 19, 50, trend(0.1))) == []
    assert due((vm(50), 21, 50, trend(0.1))) == ["web01"]
    assert due((vm(53), 19, 50, trend(4))) == []


def test_what_grew_otherwise_or_is_not_known_or_was_made_in_the_future_is_looked_at_at_once() -> None:
    assert due((vm(53), 1, 50, trend(0))) == ["web01"]
    assert due((vm(47), 1, 50, trend(0))) == ["web01"]
    assert due((vm(51), 1, 50, trend(0))) == []
    assert due((vm(50), 1, 50, None)) == ["web01"]
    assert due((vm(50), -2, 50, trend(0))) == ["web01"]
    assert due((vm(53), 1, 50, Unknown(Why.SHORT))) == ["web01"]


def test_what_nobody_can_measure_is_not_looked_at() -> None:
    assert due((vm(None), 48, 50, trend())) == []


def test_the_urgent_come_first_and_the_old_have_their_turn() -> None:
    soon, late, new = vm(90, "soon"), vm(10, "late"), vm(10, "new")
    assert due((late, 24, 9, trend()), (soon, 24, 89, trend()), (new, 1, 1, None)) == ["new", "soon", "late"]
    assert due((late, 24 * 20, 10, trend(0)), (soon, 24, 90, trend(0))) == ["late", "soon"]
