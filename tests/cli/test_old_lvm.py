"""A cluster whose lvm2 knows no JSON: everything works as with a newer one."""

import pytest

from tests.support.bench import Bench
from tests.support.san import G
from vmstore.errors import ExitCode


@pytest.fixture
def old(bench: Bench) -> Bench:
    """Give nodes of the time of RHEL 6: clvmd, and no report of all."""
    bench.san.old_lvm = True
    bench.san.lock_type = "clvm"
    bench.san.lvm_version = "2.02.143(2)-RHEL6 (2016-12-13)"
    bench.san.volume("web01", 8 * G, ("iscsi1",), active="n1", mounted=True)
    bench.san.volume("old01", 2 * G, ("iscsi1",))
    return bench


def test_it_is_listed_as_ever(old: Bench) -> None:
    told = [old.vmstore(*words, "-o", "json").json for words in (("list",), ("pv", "list"), ("show", "web01"))]
    old.san.old_lvm = False
    assert [old.vmstore(*words, "-o", "json").json for words in (("list",), ("pv", "list"), ("show", "web01"))] == told


def test_a_lun_is_emptied_and_a_volume_made_grown_and_removed(old: Bench) -> None:
    source = old.san.luns["iscsi1"].wwid
    assert old.vmstore("evacuate", source, "--to", "fc", "--yes").code == ExitCode.DONE
    assert {lv.name for lv in old.san.lvs.values()} == {"web01", "old01"}
    assert old.san.used(old.san.label("iscsi1").uuid) == []
    for words in (("create", "new01", "1G"), ("grow", "new01", "+1G"), ("remove", "new01", "--confirm", "new01")):
        done = old.vmstore(*words)
        assert done.code == ExitCode.DONE, done.err
    assert "new01" not in old.san.lvs


def test_under_lvmlockd_it_is_said_to_be_too_old(old: Bench) -> None:
    old.san.lock_type = "dlm"
    done = old.vmstore("list")
    assert done.code == ExitCode.TOOL
    assert "a VG under lvmlockd needs lvm2 2.02.158 or newer" in done.err


def test_a_vg_that_is_not_there_is_not_found(old: Bench) -> None:
    old.config.write_text(old.config.read_text() + 'vg = "nosuch"\n', encoding="utf-8")
    assert old.vmstore("list").code == ExitCode.NOT_FOUND


def test_under_clvmd_a_newer_lvm2_activates_on_one_node_alone_as_well(old: Bench) -> None:
    """It names no lock type; taken for none, a volume was activated on every node at once."""
    old.san.old_lvm = False
    done = old.vmstore("evacuate", old.san.luns["iscsi1"].wwid, "--to", "fc", "--engine", "used", "--yes")
    assert done.code == ExitCode.DONE, done.err
    for words in (("create", "new01", "1G"), ("grow", "new01", "+1G")):
        done = old.vmstore(*words)
        assert done.code == ExitCode.DONE, done.err
    woken = [argv for _, argv in old.changes() if argv[:2] == ("lvchange", "--activate")]
    assert woken[0] == ("lvchange", "--activate", "ey", "vmstore/new01")
