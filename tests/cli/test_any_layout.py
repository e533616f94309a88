"""Whatever lies on a LUN, whatever is asked and whatever breaks: each volume is whole at every moment, and it ends."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support import san
from tests.support.bench import KILLED, Bench, Outcome
from tests.support.jobs import left
from tests.support.san import EXTENT, G, San
from vmstore.errors import ExitCode
from vmstore.jobs import control, lease
from vmstore.names import HALVES, LEAVING

NODES = ("n1", "n2", "n3")
LUNS = ("iscsi1", "iscsi2", "fc1", "fc2")
TRIES = 3


@dataclass(frozen=True)
class Volume:
    """A volume: GiB on each of its LUNs, where it is mounted ("" nowhere), and whether it is a service.

    ``used`` is the share of it that its file system uses, in eighths, 0 where that cannot be told.
    """

    size: int
    luns: tuple[str, ...]
    node: str
    served: bool
    used: int = 0


VOLUMES = st.builds(
    Volume,
    size=st.integers(1, 9),
    luns=st.lists(st.sampled_from(LUNS), min_size=1, max_size=2, unique=True).map(tuple),
    node=st.sampled_from(("", *NODES)),
    served=st.booleans(),
    used=st.integers(0, 8),
)
TARGETS = st.sampled_from((("--to", "fc"), ("--to", "{iscsi2}"), ("--to", "{fc1}", "--to", "{fc2}"), ()))
ENGINES = st.sampled_from(("", "mirror", "raid1", "used"))
SPOILS = ("cut_at", "fail", "fail_done", "lie")
FAULTS = st.tuples(st.sampled_from((*SPOILS, "pause", "abort", "none")), st.integers(0, 40))


def lay_out(volumes: list[Volume]) -> San:
    """Make the world with as many of the volumes as have room."""
    made = san.cluster()
    for number, each in enumerate(volumes):
        part = each.size * G // len(each.luns) // EXTENT * EXTENT
        if all(made.free(made.label(lun).uuid) * EXTENT >= part for lun in each.luns):
            name = f"vm{number:02}"
            size = part * len(each.luns)
            used = size // 8 * each.used or None
            made.volume(name, size, each.luns, active=each.node, mounted=bool(each.node), used=used)
            if each.served:
                made.serve(name, each.node)
    return made


def whole(world: San, sizes: dict[str, int]) -> None:
    """Assert that each volume has all its extents, each once, that none is another's, and that all its data is in it.

    While it takes over the name of another, a volume may have none of its own for a moment; both are whole then.
    """
    found = {name: lv for name, lv in world.lvs.items() if not name.endswith(HALVES)}
    for name in sizes.keys() - found.keys():
        found[name] = world.lvs[name + LEAVING]
    assert {name: (lv.size, lv.data) for name, lv in found.items()} == {
        name: (size, f"of {name}") for name, size in sizes.items()
    }
    second = {name: sum(run.count for run in lv.leg.new) * EXTENT for name, lv in world.lvs.items() if lv.leg}
    assert second.items() <= sizes.items()
    taken: set[tuple[str, int]] = set()
    for lun in world.pvs():
        assert lun.pv is not None
        for _, run in world.used(lun.pv.uuid):  # with both legs, and what LVM keeps of them
            extents = {(lun.pv.uuid, pe) for pe in range(run.start, run.start + run.count)}
            assert not taken & extents
            taken |= extents


def spoiled(bench: Bench, words: list[str], fault: tuple[str, int], host: str, sizes: dict[str, int]) -> Outcome:
    """Run a command that breaks at some moment, or of whose jobs something is wished; all is whole at every moment."""
    kind, at = fault

    def moment(number: int) -> None:
        whole(bench.san, sizes)
        for key in list(bench.san.leases):
            if kind in ("pause", "abort") and number == at:
                bench.san.wishes[key] = kind

    tampering: dict[str, Any] = {kind: at} if kind in SPOILS else {}
    return bench.vmstore(*words, host=host, on_moment=moment, **tampering)


IDLE = [Volume(1, ("iscsi1",), "", served=False), Volume(1, ("iscsi1",), "", served=True)]

# The copy of the served one has its device missing when others have been moved already.
AFTER_ANOTHER = [
    Volume(5, ("iscsi2",), "", served=False),
    Volume(9, ("iscsi1",), "", served=True, used=8),
    Volume(5, ("iscsi1", "iscsi2"), "n2", served=True),
    Volume(2, ("fc2",), "", served=True),
    Volume(7, ("iscsi1", "iscsi2"), "n1", served=True),
]


@example(IDLE, ("--to", "fc"), ("lie", 11), "", "mirror")
@example(IDLE, ("--to", "fc"), ("lie", 2), "", "raid1")
@example([Volume(1, ("iscsi1",), "", served=True, used=1)], ("--to", "fc"), ("fail", 14), "", "used")
@example(AFTER_ANOTHER, ("--to", "fc"), ("lie", 15), "n1", "used")
@given(st.lists(VOLUMES, min_size=1, max_size=5), TARGETS, FAULTS, st.sampled_from(("", *NODES)), ENGINES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
def test_each_volume_is_whole_at_every_moment_and_it_ends(
    bench: Bench, volumes: list[Volume], targets: tuple[str, ...], fault: tuple[str, int], host: str, engine: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lease, "BEAT", 0.002)
        patch.setattr(control, "EVERY", 0.002)
        _try(bench, lay_out(volumes), (*targets, *(["--engine", engine] if engine else [])), fault, host)


def _try(bench: Bench, world: San, options: tuple[str, ...], fault: tuple[str, int], host: str) -> None:
    bench.san = world
    world.heard_once = True
    sizes = {name: lv.size for name, lv in world.lvs.items()}
    holders = {name: world.holders(lv) for name, lv in world.lvs.items()}
    wwids = {name: lun.wwid for name, lun in world.luns.items()}
    words = ["evacuate", wwids["iscsi1"], *(word.format(**wwids) for word in options), "--yes"]
    done = spoiled(bench, words, fault, host, sizes)
    assert done.code != ExitCode.BUG, done.err
    for other in NODES[:TRIES]:
        if done.code == ExitCode.DONE:
            break
        if done.code in (ExitCode.NO_ROOM, ExitCode.REFUSED, ExitCode.NOT_FOUND):
            break
        assert done.code in (KILLED, ExitCode.RESUMABLE, ExitCode.TOOL, ExitCode.LOCKED), done.err
        done = bench.vmstore(*words, host=other, on_moment=lambda _: whole(bench.san, sizes))
    whole(bench.san, sizes)
    assert {name: bench.san.holders(lv) for name, lv in bench.san.lvs.items()} == holders, done.err
    remains = left(bench.san, "iscsi1")
    if done.code == ExitCode.DONE:
        assert remains == {}
        assert set(bench.san.lvs) == set(sizes)
        assert bench.san.used(bench.san.label("iscsi1").uuid) == []
    else:
        assert done.code == ExitCode.NO_ROOM, done.err
        assert remains == {} or fault[0] in SPOILS, remains
