"""Whatever lies where, whatever limit is set and whatever breaks: volumes stay whole and no PV stays marked."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cli.test_any_layout import ENGINES, FAULTS, LUNS, NODES, TRIES, VOLUMES, Volume, lay_out, spoiled, whole
from tests.support.bench import KILLED, Bench
from tests.support.jobs import left
from tests.support.san import San
from vmstore.errors import ExitCode
from vmstore.jobs import control, lease

APART = st.sampled_from(("", '[placement]\napart = [["vm00", "vm01"], ["vm02", "vm03", "vm04"]]\n'))
CORDONED = st.sets(st.sampled_from(LUNS), max_size=1)


@given(
    st.lists(VOLUMES, min_size=1, max_size=6),
    st.integers(4, 12),
    APART,
    CORDONED,
    FAULTS,
    st.sampled_from(("", *NODES)),
    ENGINES,
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
def test_each_volume_is_whole_at_every_moment_and_no_pv_stays_marked(
    bench: Bench,
    volumes: list[Volume],
    share: int,
    apart: str,
    cordoned: set[str],
    fault: tuple[str, int],
    host: str,
    engine: str,
) -> None:
    world = lay_out(volumes)
    for lun in cordoned:
        world.label(lun).allocatable = False
    bench.config.write_text(f"nodes = {json.dumps(NODES)}\n{apart}", encoding="utf-8")
    words = ["rebalance", "--most", f"{share * 5}%", *(["--engine", engine] if engine else []), "--yes"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lease, "BEAT", 0.002)
        patch.setattr(control, "EVERY", 0.002)
        _try(bench, world, words, cordoned, fault, host)


def _try(bench: Bench, world: San, words: list[str], cordoned: set[str], fault: tuple[str, int], host: str) -> None:
    bench.san = world
    world.heard_once = True
    sizes = {name: lv.size for name, lv in world.lvs.items()}
    holders = {name: world.holders(lv) for name, lv in world.lvs.items()}
    done = spoiled(bench, words, fault, host, sizes)
    for other in NODES[:TRIES]:
        if done.code in (ExitCode.DONE, ExitCode.NO_ROOM):
            break
        assert done.code in (KILLED, ExitCode.RESUMABLE, ExitCode.TOOL, ExitCode.LOCKED), done.err
        done = bench.vmstore(*words, host=other, on_moment=lambda _: whole(bench.san, sizes))
    assert done.code in (ExitCode.DONE, ExitCode.NO_ROOM), done.err
    whole(bench.san, sizes)
    assert {name: bench.san.holders(lv) for name, lv in bench.san.lvs.items()} == holders, done.err
    closed = {lun for lun in LUNS if not bench.san.label(lun).allocatable}
    assert left(bench.san, *LUNS, cordoned=closed ^ cordoned) == {}, done.err
    # Nothing that is out of policy can be brought within it by asking once more.
    seqno = bench.san.seqno
    again = bench.vmstore(*words)
    assert (again.code, bench.san.seqno) == (done.code, seqno), again.err
