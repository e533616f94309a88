"""The made storage of the benchmark of reports is told as LVM and the nodes tell of a real one."""

from pathlib import Path

import pytest

from lab.bench import made
from tests.support.history import opened
from vmstore.model import dm_uuid
from vmstore.run import Result
from vmstore.tools import lvm_report, probe

NOW = 1_800_000_000


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make it small."""
    for name, value in {"VOLUMES": 10, "PVS": 4, "NODES": 2, "DAYS": 30}.items():
        monkeypatch.setattr(made, name, value)


def test_it_is_read_as_a_whole(tmp_path: Path) -> None:
    used = made.history(tmp_path / "history.db", NOW)
    report = lvm_report.parse("vmstore", Result((), 0, made.report(), "", 0))
    assert (
        sum(pv.allocated for pv in report.pvs) == sum(lv.size for lv in report.lvs) == report.vg.size - report.vg.free
    )
    facts = [probe.parse(made.node(number), made.probe(number, used)) for number in range(2)]
    assert len(facts[0].blocks) == 4
    for number, lv in enumerate(report.lvs):
        active = facts[number % 2].active[dm_uuid(report.vg.uuid, lv.uuid)]
        assert active.mounts[0].used == pytest.approx(used[lv.name], abs=4096)
    with opened(tmp_path / "history.db", NOW) as history:
        assert history.notes == []
        assert len(dict(history.days("vm", 0))) == 10
        assert len(history.series("vm", made.vm(3), 0)) == 16 + 14 * 24
