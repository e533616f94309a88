"""Where a node lacks the VG's lock space, as ocf:heartbeat:LVM-activate leaves it, the work begins with starting it."""

import pytest

from tests.support.bench import Bench
from tests.support.san import G

START = ("vgchange", "--lockstart", "vmstore")


def _lacking(bench: Bench, *nodes: str) -> None:
    for name in nodes:
        bench.san.nodes[name].lockspace = False


def _started(bench: Bench) -> list[str]:
    return [node for node, argv in bench.changes() if argv == START]


@pytest.mark.parametrize(
    "words",
    [
        ("create", "new01", "1G", "--no-service"),
        ("grow", "idle01", "+1G"),
        ("remove", "idle01", "--confirm", "idle01"),
        ("evacuate", "iscsi1", "--to", "fc", "--yes"),
        ("pv", "cordon", "fc2"),
    ],
)
def test_every_change_starts_what_lacks_once_where_it_works(bench: Bench, words: tuple[str, ...]) -> None:
    bench.san.volume("idle01", 2 * G, "iscsi1")
    _lacking(bench, "n1", "n3")
    named = [bench.san.luns[word].wwid if word in bench.san.luns else word for word in words]
    planned = bench.vmstore(*named, "--dry-run")
    assert planned.code == 0, planned.err
    assert planned.out.count("n1: vgchange --lockstart vmstore") == 1
    done = bench.vmstore(*named)
    assert done.code == 0, done.err
    assert _started(bench) == ["n1"]


def test_a_frozen_service_is_noted_on_the_node_that_works_on_its_volume(bench: Bench) -> None:
    bench.san.volume("web01", 2 * G, "fc1", active="n2", mounted=True)
    bench.san.serve("web01", "n2")
    _lacking(bench, "n1", "n3")
    done = bench.vmstore("grow", "web01", "+1G")
    assert done.code == 0, done.err
    assert _started(bench) == []
    assert {node for node, argv in bench.changes() if argv[0] == "pvchange"} == {"n2"}


def test_a_relocation_starts_them_on_the_target_before_the_guest_is_suspended(bench: Bench) -> None:
    bench.san.volume("web01", 2 * G, "fc1", active="n1", mounted=True)
    bench.san.serve("web01", "n1")
    _lacking(bench, "n2")
    done = bench.vmstore("relocate", "web01", "n2")
    assert done.code == 0, done.err
    changes = [argv[0] for _, argv in bench.changes()]
    assert _started(bench) == ["n2"]
    assert changes.index("vgchange") < changes.index("clusvcadm")


def test_what_a_run_that_was_cut_off_left_frozen_is_thawed_where_no_node_has_them(bench: Bench) -> None:
    bench.san.volume("web01", 2 * G, "fc1")
    bench.san.serve("web01", frozen=True)
    pv = bench.san.luns["fc1"].pv
    assert pv is not None
    pv.tags.add("vmstore.freeze=web01:n1:volume.web01")
    _lacking(bench, "n1", "n2", "n3")
    done = bench.vmstore("pv", "cordon", bench.san.luns["fc2"].wwid)
    assert done.code == 0, done.err
    assert not bench.san.services["web01"].frozen
    assert not any("freeze" in tag for tag in pv.tags)
    assert _started(bench) == ["n1"]
