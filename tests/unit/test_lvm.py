"""LVM's command lines, when one is tried again, and what a failure is called."""

import pytest

from tests.support.scripted import ScriptedRunner, expect
from vmstore.config import Ssh
from vmstore.errors import Locked, NoRoom, ToolFailed, VmstoreError
from vmstore.run import Result
from vmstore.tools import features, lvm
from vmstore.tools.nodes import connect


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (
            lvm.create("vg", "a", 10, ["/dev/x"], shared=True, knows_autoactivation=True),
            "lvcreate --yes --wipesignatures y --setautoactivation n --activate ey --name a --extents 10 vg /dev/x",
        ),
        (
            lvm.create("vg", "a", 10, ["/dev/x", "/dev/y"], shared=False, knows_autoactivation=False),
            "lvcreate --yes --wipesignatures y --activate y --name a --extents 10 vg /dev/x /dev/y",
        ),
        (lvm.extend("vg", "a", 20, ["/dev/x"]), "lvextend --extents 20 vg/a /dev/x"),
        (lvm.activate("vg", "a", shared=True), "lvchange --activate ey vg/a"),
        (lvm.activate("vg", "a", shared=False), "lvchange --activate y vg/a"),
        (lvm.deactivate("vg", "a"), "lvchange --activate n vg/a"),
        (lvm.rename("vg", "a", "b"), "lvrename vg a b"),
        (lvm.remove("vg", "a"), "lvremove --yes vg/a"),
        (
            lvm.move("vg", "a", "/dev/x", ["/dev/y"], region_mib=16, poll_seconds=1),
            "pvmove --config activation/raid_region_size=16384 --interval 1 --name vg/a /dev/x /dev/y",
        ),
        (lvm.change_pv("/dev/x", allocatable=False), "pvchange --allocatable n /dev/x"),
        (lvm.change_pv("/dev/x", allocatable=True, drop=["t"]), "pvchange --allocatable y --deltag t /dev/x"),
        (lvm.change_pv("/dev/x", add=["a", "b"], drop=["c"]), "pvchange --addtag a --addtag b --deltag c /dev/x"),
        (lvm.add_pv("vg", "/dev/x"), "vgextend --metadatasize 16m vg /dev/x"),
        (lvm.drop_pv("vg", "/dev/x"), "vgreduce vg /dev/x"),
        (lvm.wipe_pv("/dev/x"), "pvremove /dev/x"),
        (lvm.vg_of("/dev/x"), "pvs --readonly --noheadings -o vg_name /dev/x"),
    ],
)
def test_each_command_line_is_exact(argv: list[str], line: str) -> None:
    assert argv == line.split(" ")


def failed(err: str) -> Result:
    """Make what LVM leaves when it fails."""
    return Result(("lvextend", "vg/a"), 5, "", err, 0.1)


PASSING = (
    "  VG vmstore lock failed: held by other host.\n",
    "  VG vmstore lock failed: lock start in progress\n",
    "  Failed to lock VG vmstore.\n",
)


@pytest.mark.parametrize("err", PASSING)
def test_a_lock_that_passes_is_waited_for(err: str) -> None:
    answers = [failed(err), failed(err), Result((), 0, "", "", 0.1)]
    pauses: list[float] = []
    assert lvm.run(lambda: answers.pop(0), pause=pauses.append).ok
    assert len(pauses) == 2
    assert 0 < pauses[0] <= 0.5
    assert 0.4 <= pauses[1] <= 1.0


@pytest.mark.parametrize("err", PASSING)
def test_waiting_ends_after_a_while(err: str) -> None:
    tries: list[int] = []

    def command() -> Result:
        tries.append(1)
        return failed(err)

    assert not lvm.run(command, pause=lambda _: None).ok
    assert len(tries) == lvm.RETRIES + 1


@pytest.mark.parametrize("err", ["  LV locked by other host: vg/a\n", "  Insufficient free space\n", ""])
def test_nothing_else_is_tried_again(err: str) -> None:
    tries: list[int] = []

    def command() -> Result:
        tries.append(1)
        return failed(err)

    lvm.run(command, pause=lambda _: None)
    assert len(tries) == 1


@pytest.mark.parametrize(
    ("err", "error", "what"),
    [
        ("  LV locked by other host: vg/a\n", Locked, "another node holds the volume"),
        *((err, Locked, "the VG is locked") for err in PASSING),
        ("  Insufficient free space: 10 extents needed, but only 2 available\n", NoRoom, "it failed"),
        ('  Volume group "vg" has insufficient free space (487 extents): 100000 required.\n', NoRoom, "it failed"),
        ("  Insufficient suitable allocatable extents for logical volume a: 2 more required\n", NoRoom, "it failed"),
        ("  WARNING: x not allocatable.\n  No specified PVs have space available.\n", NoRoom, "it failed"),
        ("  Something else.\n", ToolFailed, "it failed"),
        ("", ToolFailed, "it failed"),
    ],
)
def test_a_failure_is_called_by_its_cause(err: str, error: type[VmstoreError], what: str) -> None:
    told = lvm.failure("it failed", "n2", failed(err))
    assert type(told) is error
    assert what in told.what
    assert told.why.startswith("n2: ")
    assert told.hint


def test_an_unknown_failure_shows_the_command_to_run() -> None:
    assert lvm.failure("x", "n2", failed("")).hint == "run it on n2 to see all it says: lvextend vg/a"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("  LVM version:     2.03.16(2) (2022-05-18)\n  Library version: 1.02.185\n", (2, 3, 16)),
        ("  LVM version:     2.02.98(2)-RHEL6", (2, 2, 98)),
        ("", ()),
        ("garbage", ()),
    ],
)
def test_the_version_of_lvm_is_read(text: str, version: tuple[int, ...]) -> None:
    assert features.lvm_version(text) == version


@pytest.mark.parametrize(
    ("text", "knows"),
    [
        ("LVM version: 2.03.12(2)", True),
        ("LVM version: 2.04.00(2)", True),
        ("LVM version: 2.03.11(2)", False),
        ("", False),
    ],
)
def test_autoactivation_is_known_since_2_03_12(text: str, knows: bool) -> None:
    runner = ScriptedRunner([expect("n2", "lvm version", out=text)])
    nodes = connect(runner, ("n1", "n2"), Ssh(), "desk")
    assert features.knows_autoactivation(nodes, "n2") is knows
