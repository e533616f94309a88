"""Steps: their exact commands, when they are done, how each is proven, and what takes it back."""

import shlex
from typing import Any

import msgspec
import pytest

from tests.support.scripted import Expected, ScriptedRunner, expect
from tests.support.works import work
from tests.support.worlds import EXTENT, G, M, World
from vmstore.errors import Locked, Refused, StoppedHalfway, ToolFailed, VmstoreError
from vmstore.jobs.activation_steps import Activate, Deactivate, LeaveInactive
from vmstore.jobs.mirror import MoveVolume
from vmstore.jobs.pv_steps import (
    AddPv,
    BeginEvacuation,
    DropPv,
    EndEvacuation,
    RecordClass,
    SetAllocatable,
    WipeLabel,
)
from vmstore.jobs.step import Command, Step
from vmstore.jobs.volume_steps import (
    CheckFileSystem,
    ExtendVolume,
    MakeFileSystem,
    MakeVolume,
    RemoveVolume,
    Rename,
    ResizeFileSystem,
    ZeroVolume,
)
from vmstore.run import Result
from vmstore.tools import mirrors

AT = ("n1", "vg", "web01")
LEAVE = LeaveInactive("n1", "vg", ("web01", "db"))
MARK = "/run/vmstore/idle/web01"
TAG = "vmstore.evacuate=n1:x"
GROUP = 128 * M
DUMP = "dumpe2fs -h /dev/vg/web01"


def dumped(size: int, state: str = "clean") -> str:
    """Write what dumpe2fs tells of a file system."""
    lines = {
        "Filesystem state": state,
        "Block count": size // 4096,
        "Block size": 4096,
        "Blocks per group": GROUP // 4096,
    }
    return "".join(f"{key}: {value}\n" for key, value in lines.items())


def move(**more: Any) -> MoveVolume:
    """Make a move of 1 GiB."""
    asked: dict[str, Any] = {
        "node": "n1", "vg": "vg", "lv": "web01", "uuid": "src", "source": "/dev/src", "targets": ("/dev/a",),
        "size": 1 * G, "idle": False, "region_mib": 16, "poll_seconds": 1,
    }  # fmt: skip
    return MoveVolume(**(asked | more))


LVCREATE = "lvcreate --yes --wipesignatures y --setautoactivation n --activate ey --name web01 --extents 256 vg /dev/a"
make = MakeVolume(*AT, extents=256, extent=EXTENT, pvs=("/dev/a",), shared=True, knows_autoactivation=True)
extend = ExtendVolume(*AT, 256, EXTENT, ("/dev/a",))
# Nothing is being moved, a run before has looked and seen nothing, and there is nothing.
LOG = expect("n1", shlex.join(mirrors.LOOK), out="--\n\n--\n")
PVMOVE = "pvmove --config activation/raid_region_size=16384 --interval 1 --name vg/web01 /dev/src /dev/a"


@pytest.mark.parametrize(
    ("step", "line"),
    [
        (make, LVCREATE),
        (MakeFileSystem(*AT, "ext4", "web01", 0), "mkfs.ext4 -q -m 0 -L web01 /dev/vg/web01"),
        (Activate(*AT, shared=True), f"mkdir -p /run/vmstore/idle && touch {MARK} && lvchange --activate ey vg/web01"),
        (Deactivate(*AT), f"lvchange --activate n vg/web01 && rm -f {MARK}"),
        (LEAVE, f"lvchange --activate n vg/web01 vg/db && rm -f {MARK} /run/vmstore/idle/db"),
        (Rename(*AT, "db"), "lvrename vg web01 db"),
        (CheckFileSystem(*AT), "e2fsck -f -p /dev/vg/web01"),
        (extend, "lvextend --extents 256 vg/web01 /dev/a"),
        (ResizeFileSystem(*AT, G, online=True), "resize2fs /dev/vg/web01"),
        (ZeroVolume(*AT, G), "blkdiscard --zeroout /dev/vg/web01"),
        (RemoveVolume(*AT), "lvremove --yes vg/web01"),
        (move(), PVMOVE),
        (
            move(idle=True),
            f"mkdir -p /run/vmstore/idle && touch {MARK} && {PVMOVE}",
        ),
        (AddPv("n1", "vg", "/dev/x", "w"), "vgextend --metadatasize 16m vg /dev/x"),
        (RecordClass("n1", "vg", "/dev/x", "fc", ("old",)), "pvchange --addtag vmstore.class=fc --deltag old /dev/x"),
        (SetAllocatable("n1", "vg", "/dev/x", "u", False, ("t",)), "pvchange --allocatable n --deltag t /dev/x"),
        (SetAllocatable("n1", "vg", "/dev/x", "u", True), "pvchange --allocatable y /dev/x"),
        (
            BeginEvacuation("n1", "vg", "/dev/x", "u", TAG, ("t",)),
            f"pvchange --allocatable n --addtag {TAG} --deltag t /dev/x",
        ),
        (EndEvacuation("n1", "vg", "/dev/x", "u", (TAG,)), f"pvchange --deltag {TAG} /dev/x"),
        (DropPv("n1", "vg", "/dev/x", "u"), "vgreduce vg /dev/x"),
        (WipeLabel("n1", "vg", "/dev/x"), "pvremove /dev/x"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Step) else "",
)
def test_each_step_has_exact_commands_and_a_title(step: Step, line: str) -> None:
    assert [str(command) for command in step.commands()] == [f"n1: {part}" for part in line.split("\n")]
    assert step.title
    assert (step.bytes > 0) == step.copies


@pytest.mark.parametrize(
    ("step", "lines"),
    [
        (make, ["n1: lvremove --yes vg/web01"]),
        (Activate(*AT, shared=True), [f"n1: lvchange --activate n vg/web01 && rm -f {MARK}"]),
        (Deactivate(*AT), []),
        (extend, []),
        (move(), []),
    ],
)
def test_only_what_is_of_no_use_by_itself_is_taken_back(step: Step, lines: list[str]) -> None:
    assert [str(command) for command in step.undo()] == lines


def lv(size: int = G, on: str = "a", **more: Any) -> World:
    """Make a world with web01 in it."""
    return World(marks=more.pop("marks", {})).pv("a").pv("src").lv("web01", size, on, **more)


@pytest.mark.parametrize(
    ("step", "world", "done"),
    [
        (make, World().pv("a"), False),
        (make, lv(), True),
        (make, lv(G // 2), False),
        (MakeFileSystem(*AT, "ext4", "", 0), lv(), False),
        (Activate(*AT, shared=True), lv(), False),
        (Activate(*AT, shared=True), lv(active="n1"), False),
        (Activate(*AT, shared=True), lv(active="n1", marks={"n1": frozenset({"web01"})}), True),
        (Activate(*AT, shared=True), lv(active="n1", marks={"n2": frozenset({"web01"})}), False),
        (Activate(*AT, shared=True), lv(active="n2"), False),
        (Activate(*AT, shared=True), lv(active="n1 n2"), False),
        (Activate(*AT, shared=True), World().pv("a"), False),
        (Deactivate(*AT), lv(), True),
        (Deactivate(*AT), lv(active="n2"), False),
        (Deactivate(*AT), World().pv("a"), True),
        (Rename(*AT, "db"), lv(), False),
        (Rename(*AT, "db"), World().pv("a").lv("db", G, "a"), True),
        (Rename(*AT, "db"), lv().lv("db", G, "a"), False),
        (CheckFileSystem(*AT), lv(), False),
        (extend, lv(), True),
        (extend, lv(G // 2), False),
        (extend, World().pv("a"), False),
        (ResizeFileSystem(*AT, G, online=False), lv(), False),
        (ZeroVolume(*AT, G), lv(), False),
        (RemoveVolume(*AT), lv(), False),
        (RemoveVolume(*AT), World().pv("a"), True),
        (move(), lv(), True),
        (move(), lv(on="src"), False),
        (move(), lv(on="src a"), False),
        (move(), lv(moving_in=("pvmove0",)), False),
        (move(), lv(active="n1"), True),
        (move(idle=True), lv(active="n1"), True),
        (move(idle=True), lv(), True),
        (move(), World().pv("a"), True),
        (LEAVE, lv(), True),
        (LEAVE, lv(active="n2"), True),
        (LEAVE, lv(active="n1"), False),
        (LEAVE, lv(active="n1", opens=1), True),
        (LEAVE, lv(active="n1", opens=1, marks={"n1": frozenset({"web01"})}), False),
        (LEAVE, lv(active="n1", marks={"n1": frozenset({"web01"})}), False),
        (LEAVE, World().pv("a"), True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Step) else "",
)
def test_what_is_done_is_read_from_the_world(step: Step, world: World, done: bool) -> None:
    assert step.done(world.inventory()) is done


UUID = ("n1", "vg", "/dev/a", "a")


@pytest.mark.parametrize(
    ("step", "world", "done"),
    [
        (AddPv("n1", "vg", "/dev/a", "w"), World().pv("a"), True),
        (AddPv("n1", "vg", "/dev/q", "wwid-a"), World().pv("a"), True),
        (AddPv("n1", "vg", "/dev/q", ""), World().pv("a"), False),
        (RecordClass("n1", "vg", "/dev/a", "fc"), World().pv("a"), True),
        (RecordClass("n1", "vg", "/dev/a", "gold"), World().pv("a"), False),
        (SetAllocatable(*UUID, False), World().pv("a"), False),
        (SetAllocatable(*UUID, False), World().pv("a", cordoned=True), True),
        (SetAllocatable(*UUID, True, (TAG,)), World().pv("a", lease="n1:x"), False),
        (SetAllocatable(*UUID, True), World().pv("b"), False),
        (BeginEvacuation(*UUID, TAG, ()), World().pv("a"), False),
        (BeginEvacuation(*UUID, TAG, ()), World().pv("a", cordoned=True), False),
        (BeginEvacuation(*UUID, TAG, ()), World().pv("a", cordoned=True, lease="n1:x"), True),
        (BeginEvacuation(*UUID, TAG, ()), World().pv("a", lease="n1:x"), False),
        (BeginEvacuation(*UUID, TAG, ()), World().pv("a", cordoned=True, lease="n2:y"), False),
        (EndEvacuation(*UUID, (TAG,)), World().pv("a", cordoned=True), True),
        (EndEvacuation(*UUID, (TAG,)), World().pv("a", lease="n1:x"), False),
        (EndEvacuation(*UUID, (TAG,)), World().pv("a").lv("x", G, "a"), False),
        (EndEvacuation(*UUID, (TAG,)), World().pv("b"), True),
        (DropPv(*UUID), World().pv("a"), False),
        (DropPv(*UUID), World().pv("b"), True),
        (WipeLabel("n1", "vg", "/dev/a"), World().pv("b"), False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Step) else "",
)
def test_what_is_done_of_a_pv_is_read_from_the_world(step: Step, world: World, done: bool) -> None:
    assert step.done(world.inventory()) is done


@pytest.mark.parametrize(
    ("step", "world", "asked", "proven"),
    [
        (MakeFileSystem(*AT, "ext4", "", 0), lv(), expect("n1", DUMP, out=dumped(G)), True),
        (MakeFileSystem(*AT, "ext4", "", 0), lv(), expect("n1", DUMP, out=dumped(G, "not clean")), False),
        (MakeFileSystem(*AT, "ext4", "", 0), lv(), expect("n1", DUMP, out=dumped(2 * G)), False),
        (MakeFileSystem(*AT, "ext4", "", 0), lv(), expect("n1", DUMP, out=dumped(0)), False),
        (MakeFileSystem(*AT, "ext4", "", 0), World().pv("a"), expect("n1", DUMP, out=dumped(G)), False),
        (
            MakeFileSystem(*AT, "ext4", "", 0),
            lv(),
            expect("n1", DUMP, rc=1, err="Bad magic number in super-block"),
            False,
        ),
        (extend, lv(), expect("n1", "blockdev --getsize64 /dev/vg/web01", out=f"{G}\n"), True),
        (extend, lv(), expect("n1", "blockdev --getsize64 /dev/vg/web01", out=f"{G // 2}\n"), False),
        (extend, lv(), expect("n1", "blockdev --getsize64 /dev/vg/web01", rc=1), False),
        (extend, lv(), expect("n1", "blockdev --getsize64 /dev/vg/web01"), False),
        (extend, lv(G // 2), expect("n1", "blockdev --getsize64 /dev/vg/web01", out=f"{G}\n"), False),
        (ResizeFileSystem(*AT, G, online=True), lv(), expect("n1", DUMP, out=dumped(G)), True),
        (ResizeFileSystem(*AT, G, online=True), lv(), expect("n1", DUMP, out=dumped(G - GROUP + 4096)), True),
        (ResizeFileSystem(*AT, G, online=True), lv(), expect("n1", DUMP, out=dumped(G - GROUP)), False),
        (
            WipeLabel("n1", "vg", "/dev/a"),
            lv(),
            expect("n1", "wipefs --no-act --noheadings --output TYPE /dev/a"),
            True,
        ),
        (
            WipeLabel("n1", "vg", "/dev/a"),
            lv(),
            expect("n1", "wipefs --no-act --noheadings --output TYPE /dev/a", out="LVM2_member\n"),
            False,
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Step) else "",
)
def test_what_the_inventory_cannot_prove_is_asked_of_the_device(
    step: Step, world: World, asked: Expected, proven: bool
) -> None:
    runner = ScriptedRunner([asked])
    assert step.proven(work(runner)[0], world.inventory()) is proven
    assert runner.calls == [asked.call]


@pytest.mark.parametrize(("first", "last", "proven"), [(0, 0, True), (1, 0, False), (0, 1, False)])
def test_a_wipe_is_proven_by_its_first_and_last_mebibyte(first: int, last: int, proven: bool) -> None:
    ends = ((0, first), (G - M, last))
    script = [
        expect("n1", f"cmp --bytes={M} --ignore-initial={start}:0 /dev/vg/web01 /dev/zero", rc=rc) for start, rc in ends
    ]
    runner = ScriptedRunner(script)
    assert ZeroVolume(*AT, G).proven(work(runner)[0], lv().inventory()) is proven
    assert len(runner.calls) == (1 if first else 2)


def test_a_tiny_volume_is_compared_in_whole() -> None:
    script = [expect("n1", "cmp --bytes=4096 --ignore-initial=0:0 /dev/vg/web01 /dev/zero")] * 2
    assert ZeroVolume(*AT, 4096).proven(work(ScriptedRunner(list(script)))[0], lv().inventory())


@pytest.mark.parametrize("rc", [0, 1])
def test_a_check_that_corrected_something_is_good(rc: int) -> None:
    runner = ScriptedRunner([expect("n1", "e2fsck -f -p /dev/vg/web01", rc=rc)])
    doing, _ = work(runner)
    CheckFileSystem(*AT).run(doing)
    assert CheckFileSystem(*AT).proven(doing, lv().inventory())
    assert runner.timeouts[0] >= 3600


@pytest.mark.parametrize("rc", [2, 3, 4, 8, 12])
def test_a_check_that_found_damage_stops_before_anything_is_changed(rc: int) -> None:
    runner = ScriptedRunner([expect("n1", "e2fsck -f -p /dev/vg/web01", rc=rc, out="RUN fsck MANUALLY\n")])
    with pytest.raises(Refused, match="is damaged") as caught:
        CheckFileSystem(*AT).run(work(runner)[0])
    assert "RUN fsck MANUALLY" in caught.value.why


@pytest.mark.parametrize(
    ("step", "hint"),
    [
        (ResizeFileSystem(*AT, G, online=False), "the volume itself is larger now"),
        (ZeroVolume(*AT, G), "wipes from the start"),
    ],
)
def test_long_work_that_fails_says_how_to_go_on(step: Step, hint: str) -> None:
    argv = " ".join(step.commands()[0].argv)
    with pytest.raises(ToolFailed) as caught:
        step.run(work(ScriptedRunner([expect("n1", argv, rc=1, err="no\n")]))[0])
    assert hint in caught.value.hint
    step.run(work(ScriptedRunner([expect("n1", argv)]))[0])


@pytest.mark.parametrize(
    "step",
    [MakeFileSystem(*AT, "ext3", "", 0), ResizeFileSystem(*AT, G, online=False), ZeroVolume(*AT, G)],
)
def test_what_takes_longer_the_larger_the_volume_has_no_limit(step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    streamed: list[str] = []

    def stream(self: ScriptedRunner, argv: tuple[str, ...], *heard: object) -> Result:
        streamed.append(argv[-1])
        return Result(argv, 0, "", "", 3600.0)

    monkeypatch.setattr(ScriptedRunner, "stream", stream)
    step.run(work(ScriptedRunner())[0])
    assert len(streamed) == 1


def test_a_move_tells_of_its_progress_in_bytes() -> None:
    out = "  /dev/src: Moved: 0.00%\n  noise\n  /dev/src: Moved: 25.50%\n  /dev/src: Moved: 100.00%\n"
    doing, reporter = work(ScriptedRunner([LOG, expect("n1", PVMOVE, out=out), LOG]))
    move().run(doing)
    assert reporter.heard == [f"moved {n}" for n in (0, int(0.255 * G), G, G)]


@pytest.mark.parametrize(
    ("err", "error"),
    [
        ("  LV locked by other host: vg/web01\n", Locked),
        ("  Insufficient free space\n", VmstoreError),
        ("  No.\n", ToolFailed),
    ],
)
def test_a_move_that_fails_is_called_by_its_cause(err: str, error: type[VmstoreError]) -> None:
    with pytest.raises(error):
        move().run(work(ScriptedRunner([LOG, expect("n1", PVMOVE, rc=5, err=err), LOG]))[0])


def test_a_move_waits_for_a_lock_that_passes() -> None:
    busy = expect("n1", PVMOVE, rc=5, err="  VG vg lock failed: held by other host.\n")
    runner = ScriptedRunner([LOG, busy, expect("n1", PVMOVE), LOG])
    move().run(work(runner)[0])
    runner.done()


def test_a_move_whose_node_is_lost_can_be_resumed() -> None:
    runner = ScriptedRunner([LOG, expect("n1", PVMOVE, rc=255, err="Connection to n1 closed.\n")])
    with pytest.raises(StoppedHalfway, match="lost n1 while it moved web01") as caught:
        move().run(work(runner)[0])
    assert "the volume is whole" in caught.value.why


def test_who_marks_a_pv_second_takes_the_mark_back() -> None:
    step = BeginEvacuation(*UUID, TAG, ())
    doing, _ = work(ScriptedRunner([expect("n1", f"pvchange --deltag {TAG} /dev/a")]))
    both = World().pv("a", cordoned=True, lease="n1:x").inventory()
    pv = both.pvs[0]
    two = msgspec.structs.replace(both, pvs=(msgspec.structs.replace(pv, tags=pv.tags | {"vmstore.evacuate=n2:y"}),))
    with pytest.raises(Locked, match="another run has begun to move volumes off"):
        step.proven(doing, two)
    assert step.proven(doing, both)


def test_a_failed_command_is_told_with_the_step_and_the_node() -> None:
    runner = ScriptedRunner([expect("n1", "lvremove --yes vg/web01", rc=5, err="  in use\n")])
    with pytest.raises(ToolFailed, match="remove web01: failed") as caught:
        RemoveVolume(*AT).run(work(runner)[0])
    assert caught.value.why == "n1: in use"


def test_a_step_that_says_nothing_of_itself_is_no_step() -> None:
    step = Step()
    for ask in (lambda: step.title, step.commands, lambda: step.done(lv().inventory())):
        with pytest.raises(NotImplementedError):
            ask()
    assert (step.bytes, step.undo(), step.copies) == (0, [], False)


def test_a_command_is_shown_with_its_node_as_a_shell_reads_it() -> None:
    assert str(Command.chain("n1", ["a", "b c"], ["d"])) == "n1: a 'b c' && d"
    assert Command.chain("n1", ["a"]).argv == ("a",)


def test_a_moved_volume_that_somebody_uses_by_now_loses_its_mark_and_stays_active() -> None:
    runner = ScriptedRunner([expect("n1", f"rm -f {MARK}")])
    world = lv(active="n1", opens=1, marks={"n1": frozenset({"web01"})})
    assert LEAVE.proven(work(runner)[0], world.inventory())
    runner.done()


def test_a_moved_volume_that_is_active_against_what_lvm_said_is_marked_again() -> None:
    runner = ScriptedRunner([expect("n1", f"mkdir -p {MARK.rsplit('/', 1)[0]} && touch {MARK}")])
    assert not LEAVE.proven(work(runner)[0], lv(active="n1").inventory())
    runner.done()
