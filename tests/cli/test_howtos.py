"""The how-tos, typed into the simulated SAN line by line."""

import shlex

import pytest

from tests.support import howtos, san_manager
from tests.support.bench import Bench
from tests.support.growing import Admin, fill
from tests.support.san import G
from vmstore.errors import ExitCode
from vmstore.jobs import conf_steps, service_steps

# What a line may say of a report that it does not mind.
_CROSSED = "|| [ $? -eq 10 ]"


def _typed(bench: Bench, howto: str, **variables: str) -> str:
    """Type what is to be run of a how-to; its variables are LUNs, or else what they say. Give all that was said."""
    said = ""
    for typed in "".join(howtos.typed(howtos.FOLDER / f"{howto}.md")).splitlines():
        wanted = {ExitCode.DONE, *([ExitCode.THRESHOLD] if _CROSSED in typed else [])}
        line = typed
        for name, value in variables.items():
            line = line.replace(f'"${name}"', bench.san.luns[value].wwid if value in bench.san.luns else value)
        program, *words = shlex.split(line.replace(_CROSSED, ""))
        assert program == "vmstore"
        done = bench.vmstore(*words)
        assert done.code in wanted, (line, done.err)
        said += done.out + done.err
    return said


@pytest.fixture
def filled(bench: Bench) -> Bench:
    """Put a VM that runs, one that is stopped, and an important one on iscsi1."""
    bench.san.volume("web01", 2 * G, "iscsi1", active="n1", mounted=True)
    bench.san.volume("idle", 1 * G, "iscsi1")
    bench.san.volume("db01", 4 * G, "iscsi1", active="n2", mounted=True)
    return bench


def test_a_dying_lun_is_emptied_and_taken_out(filled: Bench) -> None:
    said = _typed(filled, "emergency-a-lun-is-dying", LUN="iscsi1", TO="fc")
    assert "is empty; it stays cordoned" in said
    assert filled.san.luns["iscsi1"].pv is None
    assert [lv["classes"] for lv in filled.san.volumes().values()] == [["fc"]] * 3


def test_an_iscsi_lun_is_replaced_by_a_new_one(filled: Bench) -> None:
    _typed(filled, "replace-an-iscsi-array-by-fc", NEW="spare", OLD="iscsi1")
    assert filled.san.label("spare").tags == {"vmstore.class=fc"}
    assert filled.san.luns["iscsi1"].pv is None
    assert all(lv["classes"] == ["fc"] for lv in filled.san.volumes().values())


def test_somebody_who_comes_from_scripts_tries_it_and_leaves_nothing_behind(filled: Bench) -> None:
    before = filled.san.volumes()
    said = _typed(filled, "coming-from-plain-lvm-scripts", PV="fc1")
    assert "try01 is now 96 MiB (32 MiB more)" in said
    assert filled.san.volumes() == before
    assert filled.san.label("fc1").tags == {"vmstore.class=fc"}


def test_a_volume_grows_by_itself_by_the_rules_that_the_how_to_writes_and_the_report_tells_of_it(admin: Admin) -> None:
    fill(admin.san, 85, "web01")
    rules, *_ = howtos.shown(howtos.FOLDER / "automatic-growth.md")
    admin.configure(rules)
    said = _typed(admin.bench, "automatic-growth", VM="web01")
    grew = "web01 grew by 1 GiB to 11 GiB, and so did its file system: 85 % of its file system is used (over 80 %)"
    # By the run by hand, and not once more by that of cron.
    assert said.count(grew) == 1
    assert admin.size() == (11, 11)
    assert "grow web01 from 10 GiB to 11 GiB" in said
    # As it was shown before, and as the log has it.
    assert said.count("n2: lvextend --extents 2816 vmstore/web01") == 1
    assert said.count("done       0.0 s    lvextend --extents 2816 vmstore/web01") == 1


def test_a_red_hat_cluster_gets_a_vm_that_moves_and_a_lun_that_is_emptied(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    san_manager.configure(bench.san)
    bench.san.lock_type, bench.san.old_lvm = "clvm", True
    bench.san.lvm_version = "2.02.143(2)-RHEL6 (2016-12-13)"
    for module in (conf_steps, service_steps):
        monkeypatch.setattr(module, "EVERY", 0.0)
    monkeypatch.setattr(service_steps, "LAG", {"rgmanager": 0.0})
    lun = next(name for name in ("iscsi1", "iscsi2") if not bench.san.used(bench.san.label(name).uuid))
    _typed(bench, "red-hat-cluster-with-vmware-server", SIZE="2G", NODE="n1", OTHER="n2", LUN=lun)
    assert (bench.san.services["test01"].state, bench.san.services["test01"].owner) == ("started", "n2")
    assert not bench.san.services["test01"].frozen
    assert bench.san.volumes()["test01"]["classes"] == ["fc"]
